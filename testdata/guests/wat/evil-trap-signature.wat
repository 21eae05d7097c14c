;; G14: calls a function by another type than its own.
(module
  (memory (export "memory") 1)
  (type $t (func (param i64)))
  (table 1 funcref)
  (func $f)
  (elem (i32.const 0) $f)
  (func (export "wasmsql_v1_run") (result i32)
    (call_indirect (type $t) (i64.const 0) (i32.const 0))
    (i32.const 0)))
