;; G13: calls every element of its table by every type that it knows, also the tick's: the functions that metering adds are in no table. Each is null: a trap.
(module
  (memory (export "memory") 1)
  (type $t (func (param i64 i64) (result i64)))
  (table $t 16 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call_indirect (type $t) (i64.const -1) (i64.const 1) (i32.const 3)))))
