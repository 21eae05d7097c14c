;; G14: leaves the pattern in a global of 128 bits, which a snapshot does not hold. Returns 0.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "found")
  (func $found (drop (call $fail (i32.const 16) (i32.const 5))))
  (global $v (mut v128) (v128.const i64x2 0 0))
  (func (export "wasmsql_v1_run") (result i32)
    (if (v128.any_true (global.get $v)) (then (call $found) (return (i32.const 1))))
    (global.set $v (v128.const i64x2 -1 -1))
    (i32.const 0)))
