;; G5: an active element segment outside of the table. The engine leaves it out, and its elements are null: a call of one traps. Returns 0.
(module
  (memory (export "memory") 1)
  (table 2 funcref)
  (func $f)
  (elem (i32.const 1) $f $f)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
