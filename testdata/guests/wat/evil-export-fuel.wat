;; G13: exports a global as "wasmsql:fuel". Refused.
(module
  (memory (export "memory") 1)
  (global (export "wasmsql:fuel") (mut i64) (i64.const 0x7fffffffffffffff))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
