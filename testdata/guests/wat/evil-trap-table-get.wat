;; G14: reads behind the end of its table.
(module
  (memory (export "memory") 1)
  (table $t 1 externref)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (table.get $t (i32.const -1)))
    (i32.const 0)))
