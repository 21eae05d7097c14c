;; G15: steers the terminal by fail. Fails, with all of it written out.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\1b[2J\1b]0;owned\07\0d\c2\9b31m\e2\80\aeevil\7f\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $fail (i32.const 0) (i32.const 32)))
    (i32.const 1)))
