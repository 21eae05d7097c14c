;; Imports a function that wasmsql_v1 does not have: refused at load, by name.
(module
  (import "wasmsql_v1" "exec_all" (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
