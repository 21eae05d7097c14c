;; G6: a log line of length -1. A trap.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $log (i32.const 1) (i32.const 0) (i32.const -1)))))
