;; G8: after the LIMIT it says that all went well by fail, and returns 0. Fails all the same, in the host's words.
(module
  (import "wasmsql_v1" "close" (func $close (param i64) (result i64)))
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "all is well")
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (br_if 0 (i64.ne (call $close (i64.const 5)) (i64.const -5))))
    (drop (call $fail (i32.const 0) (i32.const 11)))
    (i32.const 0)))
