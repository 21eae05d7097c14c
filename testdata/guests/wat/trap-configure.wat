;; configure traps: the task cannot be loaded.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32) unreachable)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
