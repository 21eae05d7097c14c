;; G8: after the LIMIT it reads the error for ever. Ends by the host calls.
(module
  (import "wasmsql_v1" "close" (func $close (param i64) (result i64)))
  (import "wasmsql_v1" "error_read" (func $error_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (br_if 0 (i64.ne (call $close (i64.const 5)) (i64.const -5))))
    (loop
      (drop (call $error_read (i32.const 0) (i32.const 4096)))
      (br 0))
    (i32.const 0)))
