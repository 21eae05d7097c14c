;; G5: copies its table onto itself, for ever. Ends by fuel.
(module
  (memory (export "memory") 1)
  (table $t 65536 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 65535))
      (br 0))
    (i32.const 0)))
