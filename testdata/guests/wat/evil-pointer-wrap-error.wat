;; G6: a buffer for an error that begins in memory and ends outside. A trap.
(module
  (import "wasmsql_v1" "error_read" (func $error_read (param i32 i32) (result i64)))
  (import "wasmsql_v1" "close" (func $close (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $close (i64.const 7)))
    (i32.wrap_i64 (call $error_read (i32.const 65535) (i32.const 2)))))
