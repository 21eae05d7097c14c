;; G1: a loop without a body. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop (br 0))
    (i32.const 0)))
