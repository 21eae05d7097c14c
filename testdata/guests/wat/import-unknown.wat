;; Imports a function of a module that is not offered: refused at load, by name.
(module
  (import "env" "foo" (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
