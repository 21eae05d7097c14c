;; G3: goes 1,500 calls deep and comes back, 200 times: stack that was given back can be used again. Returns 0.
(module
  (memory (export "memory") 1)
  (func $f (param $n i32)
    (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop
      (call $f (i32.const 1500))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))
    (i32.const 0)))
