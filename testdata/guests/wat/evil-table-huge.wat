;; G5: starts with a table of 2^32-1 elements. Refused.
(module
  (memory (export "memory") 1)
  (table 0xffffffff funcref)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
