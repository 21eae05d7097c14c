;; G14: configure returns -1 without a word. The task is not loaded.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32) (i32.const -1))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
