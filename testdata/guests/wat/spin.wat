;; run never ends: a loop without a host call.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop $l (br $l))
    unreachable))
