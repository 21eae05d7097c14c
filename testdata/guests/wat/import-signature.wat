;; Imports query with an i32 result: refused at load, with both signatures.
(module
  (import "wasmsql_v1" "query" (func (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
