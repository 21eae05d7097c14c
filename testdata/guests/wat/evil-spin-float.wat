;; G1: a loop of square roots and divisions, the dearest instructions there are. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $x f64)
    (loop
      (local.set $x (f64.sqrt (f64.div (f64.const 3) (f64.add (local.get $x) (f64.const 1)))))
      (br 0))
    (i32.const 0)))
