;; G13: imports the fuel as a global of the meter. Refused.
(module
  (import "wasmsql:meter" "fuel" (global (mut i64)))
  (memory (export "memory") 1)

  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
