;; G5: a table of externref that grows to the limit. Returns 0.
(module
  (memory (export "memory") 1)
  (table $t 0 externref)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.add (table.grow $t (ref.null extern) (i32.const 65536)) (table.grow $t (ref.null extern) (i32.const -1)))
    (i32.const 1)
    (i32.add)))
