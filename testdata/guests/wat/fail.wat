;; run says why it failed, with a place and a hint, and returns 1.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "3:7: the guest gave up\nhint: try another guest")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $fail (i32.const 0) (i32.const 46)))
    (i32.const 1)))
