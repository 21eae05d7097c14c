;; G6: a buffer for rows outside of memory, at an open cursor. A trap.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (import "wasmsql_v1" "cursor_next" (func $cursor_next (param i64 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}: (1024, 10)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $cursor_next (call $query (i32.const 1024) (i32.const 10)) (i32.const 0x7fffffff) (i32.const 1048576)))))
