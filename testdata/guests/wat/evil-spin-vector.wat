;; G1: a loop of vector instructions. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $v v128)
    (loop
      (local.set $v (i64x2.mul (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get $v) (v128.const i64x2 3 5)) (local.get $v)))
      (br 0))
    (i32.const 0)))
