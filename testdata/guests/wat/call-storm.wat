;; Calls the host without an end.
(module
  (import "wasmsql_v1" "error_read" (func $error_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop $l
      (drop (call $error_read (i32.const 0) (i32.const 0)))
      (br $l))
    unreachable))
