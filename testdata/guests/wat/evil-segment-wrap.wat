;; G5: an active data segment at 2^32-1. A trap when the task is loaded.
(module
  (memory (export "memory") 1)
  (data (i32.const -1) "0123456789")
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
