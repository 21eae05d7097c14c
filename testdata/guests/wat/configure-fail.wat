;; configure fails with a place: the task cannot be loaded.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "1:4: the configuration makes no sense")
  (func (export "wasmsql_v1_configure") (result i32)
    (drop (call $fail (i32.const 0) (i32.const 37)))
    (i32.const 1))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
