;; G5: a copy from out of memory. A trap.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (memory.copy (i32.const 0) (i32.const -16) (i32.const 32))
    (i32.const 0)))
