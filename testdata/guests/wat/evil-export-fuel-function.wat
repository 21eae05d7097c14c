;; G13: exports a function as "wasmsql:fuel". Refused.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql:fuel"))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
