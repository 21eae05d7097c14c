;; G5: a fill whose end wraps around. A trap.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 65535) (i32.const 1) (i32.const -65535))
    (i32.const 0)))
