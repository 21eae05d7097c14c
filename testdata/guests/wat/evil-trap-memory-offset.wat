;; G14: writes at the last address, with an offset that wraps around.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i64.store offset=0xffffffff (i32.const -1) (i64.const 1))
    (i32.const 0)))
