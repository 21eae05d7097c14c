;; G2: the tree whose leaves are functions that charge nothing themselves. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func $leaf (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 1)))
  (func $f (param $n i32) (result i32)
    (if (result i32) (local.get $n)
      (then (i32.add
        (call $f (i32.sub (local.get $n) (i32.const 1)))
        (call $f (i32.sub (local.get $n) (i32.const 1)))))
      (else (call $leaf (call $leaf (call $leaf (local.get $n)))))))
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $f (i32.const 60)))
    (i32.const 0)))
