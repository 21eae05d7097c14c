;; Starts with a table of 100 million entries, 800 MB in a host: refused at load.
(module
  (memory (export "memory") 1)
  (table 100000000 funcref)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
