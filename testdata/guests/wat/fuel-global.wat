;; Exports a global and a function that a metering host might use the names of. They are its own, and it runs.
(module
  (memory (export "memory") 1)
  (global (export "fuel") (mut i64) (i64.const 0))
  (func (export "tick") (unreachable))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
