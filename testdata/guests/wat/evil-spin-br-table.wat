;; G1: loops that are gone on with by br_table, in each other. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop $outer
      (loop $inner
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_table $inner $outer $inner (i32.and (local.get $i) (i32.const 3)))))
    (i32.const 0)))
