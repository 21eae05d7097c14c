;; G1: a loop of divisions of 64 bits. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $x i64)
    (local.set $x (i64.const -1))
    (loop
      (local.set $x (i64.or (i64.rem_u (i64.const 0x7fffffffffffffff) (local.get $x)) (i64.const 1)))
      (br 0))
    (i32.const 0)))
