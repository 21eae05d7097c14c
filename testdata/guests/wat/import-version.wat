;; Imports from the next major version of the ABI: refused at load.
(module
  (import "wasmsql_v2" "query" (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
