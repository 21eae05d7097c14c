;; G11: imports a function of the host that only a trusted module would: wasmsql_v1.open_file. Refused, by name.
(module
  (import "wasmsql_v1" "open_file" (func (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
