;; Gives two results, and fails by the second: STATE. Needs a database that runs SELECT 1.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (import "wasmsql_v1" "output_cursor" (func $output (param i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output (call $query (i32.const 0) (i32.const 10))))
    (i64.lt_s (call $output (call $query (i32.const 0) (i32.const 10))) (i64.const 0))))
