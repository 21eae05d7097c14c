;; G3: a function that calls the host and then itself, without end. A trap, or the host calls are used up.
(module
  (import "wasmsql_v1" "error_read" (func $error_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func $f (drop (call $error_read (i32.const 0) (i32.const 0))) (call $f))
  (func (export "wasmsql_v1_run") (result i32)
    (call $f)
    (i32.const 0)))
