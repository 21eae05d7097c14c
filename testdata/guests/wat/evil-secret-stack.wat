;; G14: reads locals that it never set, 1,000 calls deep, after it has filled that stack with the pattern: locals are zero. Returns 0.
(module
  (memory (export "memory") 1)
  (func $fill (param $n i32) (local $a i64) (local $b i64)
    (local.set $a (i64.const -1)) (local.set $b (i64.const -1))
    (if (local.get $n) (then (call $fill (i32.sub (local.get $n) (i32.const 1)))))
    (if (i64.ne (local.get $a) (local.get $b)) (then (unreachable))))
  (func $sum (param $n i32) (result i64) (local $a i64) (local $b i64)
    (if (local.get $n) (then (local.set $a (call $sum (i32.sub (local.get $n) (i32.const 1))))))
    (i64.or (local.get $a) (local.get $b)))
  (func (export "wasmsql_v1_run") (result i32)
    (call $fill (i32.const 1000))
    (i32.wrap_i64 (call $sum (i32.const 1000)))))
