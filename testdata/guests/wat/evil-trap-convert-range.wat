;; G14: makes an integer of 10^30.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (i64.trunc_f64_u (f64.const 1e30)))))
