;; Has two tables: refused at load.
(module
  (memory (export "memory") 1)
  (table 1 funcref)
  (table 1 funcref)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
