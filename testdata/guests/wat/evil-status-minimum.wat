;; G9: returns -2147483648, and no message.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0x80000000)))
