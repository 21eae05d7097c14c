;; G2: two functions that call each other twice. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func $a (param $n i32)
    (if (local.get $n) (then
      (call $b (i32.sub (local.get $n) (i32.const 1)))
      (call $b (i32.sub (local.get $n) (i32.const 1))))))
  (func $b (param $n i32)
    (if (local.get $n) (then
      (call $a (i32.sub (local.get $n) (i32.const 1)))
      (call $a (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "wasmsql_v1_run") (result i32)
    (call $a (i32.const 60))
    (i32.const 0)))
