;; G1: a loop that loads and stores. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop
      (local.set $i (i32.and (i32.add (local.get $i) (i32.const 8)) (i32.const 0xfff8)))
      (i64.store (local.get $i) (i64.add (i64.load (local.get $i)) (i64.const 1)))
      (br 0))
    (i32.const 0)))
