;; run calls fail and returns 0 all the same: the execution succeeded.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "not meant")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $fail (i32.const 0) (i32.const 9)))
    (i32.const 0)))
