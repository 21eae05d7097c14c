;; G8: sends a query in configure, catches the answer and goes on: STATE (-11), and no connection is opened. Returns 0.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}: (1024, 10)
  (func (export "wasmsql_v1_configure") (result i32)
    (i32.wrap_i64 (i64.add (call $query (i32.const 1024) (i32.const 10)) (i64.const 11))))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
