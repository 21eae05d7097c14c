;; G14: copies from a segment that it has dropped.
(module
  (memory (export "memory") 1)
  (data $d "secret")
  (func (export "wasmsql_v1_run") (result i32)
    (data.drop $d)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 6))
    (i32.const 0)))
