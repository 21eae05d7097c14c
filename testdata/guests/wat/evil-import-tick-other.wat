;; G13: imports the tick under another type. Refused.
(module
  (import "wasmsql:meter" "tick" (func))
  (memory (export "memory") 1)

  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
