;; G9: opens a cursor and a transaction, writes a row, and traps.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}: (1024, 10)
  (data (i32.const 2048) "\12\1dINSERT INTO kept VALUES (666)")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $exec (i32.const 2048) (i32.const 31)))
    (drop (call $query (i32.const 1024) (i32.const 10)))
    (unreachable)))
