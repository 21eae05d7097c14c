;; G9: writes a row and fails: the row is not kept.
(module
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 2048) "\12\1dINSERT INTO kept VALUES (666)")
  (func (export "wasmsql_v1_run") (result i32)
    (if (i64.ne (call $exec (i32.const 2048) (i32.const 31)) (i64.const 1)) (then (return (i32.const 2))))
    (i32.const 1)))
