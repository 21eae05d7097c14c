;; G5: fills its table of 65,536 elements for ever. Ends by fuel.
(module
  (memory (export "memory") 1)
  (table $t 65536 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (table.fill $t (i32.const 0) (ref.null func) (i32.const 65536))
      (br 0))
    (i32.const 0)))
