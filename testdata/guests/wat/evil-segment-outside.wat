;; G5: an active data segment outside of memory. A trap when the task is loaded.
(module
  (memory (export "memory") 1)
  (data (i32.const 65530) "0123456789")
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
