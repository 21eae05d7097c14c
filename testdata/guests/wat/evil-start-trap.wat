;; G13: a start function that traps. Refused, not run.
(module
  (memory (export "memory") 1)
  (func $start (unreachable))
  (start $start)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
