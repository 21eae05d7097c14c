;; Imports a global: refused at load.
(module
  (import "env" "global" (global i32))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
