;; G2: 2^60 calls, 60 deep, without a loop. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func $f (param $n i32)
    (if (local.get $n)
      (then
        (call $f (i32.sub (local.get $n) (i32.const 1)))
        (call $f (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "wasmsql_v1_run") (result i32)
    (call $f (i32.const 60))
    (i32.const 0)))
