;; fail(0x80000000, 1): a pointer with the sign bit. A trap.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $fail (i32.const 0x80000000) (i32.const 1)))
    (i32.const 0)))
