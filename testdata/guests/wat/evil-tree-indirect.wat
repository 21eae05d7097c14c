;; G2: the same tree by call_indirect. Ends by fuel.
(module
  (memory (export "memory") 1)
  (type $t (func (param i32)))
  (table 1 funcref)
  (elem (i32.const 0) $f)
  (func $f (param $n i32)
    (if (local.get $n)
      (then
        (call_indirect (type $t) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0))
        (call_indirect (type $t) (i32.sub (local.get $n) (i32.const 1)) (i32.const 0)))))
  (func (export "wasmsql_v1_run") (result i32)
    (call $f (i32.const 60))
    (i32.const 0)))
