;; G14: divides by zero.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.div_s (i32.const 1) (i32.load (i32.const 0)))))
