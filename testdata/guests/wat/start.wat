;; Has a start section, which would run before anything can stop it: refused at load.
(module
  (memory (export "memory") 1)
  (func $spin (loop $l (br $l)))
  (start $spin)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
