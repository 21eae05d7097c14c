;; G13: exports a global as "wasmsql:stack". Refused.
(module
  (memory (export "memory") 1)
  (global (export "wasmsql:stack") (mut i64) (i64.const 0x7fffffffffffffff))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
