;; Imports a table: refused at load.
(module
  (import "env" "table" (table 1 funcref))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
