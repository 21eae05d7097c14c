;; run traps.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) unreachable))
