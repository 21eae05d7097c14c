;; configure never ends.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32)
    (loop $l (br $l))
    unreachable)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
