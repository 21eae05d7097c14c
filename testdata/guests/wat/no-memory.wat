;; Exports no memory: refused at load.
(module
  (memory 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
