;; G1: _initialize does not end. The task is not loaded: fuel.
(module
  (memory (export "memory") 1)
  (func (export "_initialize") (loop (br 0)))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
