;; G14: calls behind the end of its table.
(module
  (memory (export "memory") 1)
  (type $t (func))
  (table 1 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (call_indirect (type $t) (i32.const 1))
    (i32.const 0)))
