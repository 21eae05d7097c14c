;; G14: leaves a function in a global, which a snapshot does not hold. Returns 0.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "found")
  (func $found (drop (call $fail (i32.const 16) (i32.const 5))))
  (elem declare func $found)
  (global $r (mut funcref) (ref.null func))
  (func (export "wasmsql_v1_run") (result i32)
    (if (i32.eqz (ref.is_null (global.get $r))) (then (call $found) (return (i32.const 1))))
    (global.set $r (ref.func $found))
    (i32.const 0)))
