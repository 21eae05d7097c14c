;; G14: leaves a function in its table, and the table larger than it was. Returns 0.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 16) "found")
  (func $found (drop (call $fail (i32.const 16) (i32.const 5))))
  (table $t 4 funcref)
  (elem declare func $found)
  (func (export "wasmsql_v1_run") (result i32)
    (if (i32.eqz (ref.is_null (table.get $t (i32.const 2)))) (then (call $found) (return (i32.const 1))))
    (if (i32.ne (table.size $t) (i32.const 4)) (then (call $found) (return (i32.const 2))))
    (table.set $t (i32.const 2) (ref.func $found))
    (drop (table.grow $t (ref.func $found) (i32.const 7)))
    (i32.const 0)))
