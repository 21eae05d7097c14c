;; G5: a fill of 2^32-1 bytes. A trap, and nothing is written.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 0) (i32.const 1) (i32.const -1))
    (i32.const 0)))
