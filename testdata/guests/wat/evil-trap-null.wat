;; G14: calls an element of its table that is null.
(module
  (memory (export "memory") 1)
  (type $t (func))
  (table 1 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (call_indirect (type $t) (i32.const 0))
    (i32.const 0)))
