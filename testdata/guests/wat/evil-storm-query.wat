;; G8: opens a cursor for ever and closes none. Ends by the open cursors.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}: (1024, 10)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (call $query (i32.const 1024) (i32.const 10)))
      (br 0))
    (i32.const 0)))
