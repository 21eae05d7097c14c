;; G3: a function that calls itself through the table without end. A trap.
(module
  (memory (export "memory") 1)
  (type $t (func))
  (table 1 funcref)
  (elem (i32.const 0) $f)
  (func $f (call_indirect (type $t) (i32.const 0)))
  (func (export "wasmsql_v1_run") (result i32)
    (call $f)
    (i32.const 0)))
