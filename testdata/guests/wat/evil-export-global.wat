;; G13: exports its own global as "wasmsql:global:0", a name that the snapshot uses. Refused.
(module
  (memory (export "memory") 1)
  (global (export "wasmsql:global:0") (mut i32) (i32.const 1))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
