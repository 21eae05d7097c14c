;; G1: wasmsql_v1_configure does not end. The task is not loaded: fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32) (loop (br 0)) (i32.const 0))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
