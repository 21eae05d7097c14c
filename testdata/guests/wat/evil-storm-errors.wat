;; G8: a wrong host call for ever. Ends by the host calls.
(module
  (import "wasmsql_v1" "close" (func $close (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (call $close (i64.const 5)))
      (br 0))
    (i32.const 0)))
