;; G14: traps in _initialize. The task is not loaded.
(module
  (memory (export "memory") 1)
  (func (export "_initialize") (drop (i32.load (i32.const -4))))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
