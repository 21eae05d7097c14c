;; G5: grows its table by one for ever, also when it is refused. Ends by fuel.
(module
  (memory (export "memory") 1)
  (table $t 0 funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (table.grow $t (ref.null func) (i32.const 1)))
      (br 0))
    (i32.const 0)))
