;; G14: reads the byte behind its memory.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.load8_u (i32.mul (memory.size) (i32.const 65536)))))
