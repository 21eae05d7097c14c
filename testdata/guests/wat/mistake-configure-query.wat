;; Asks a database in configure, where there is none yet, and fails by that: STATE.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}
  (func (export "wasmsql_v1_configure") (result i32)
    (i64.lt_s (call $query (i32.const 0) (i32.const 10)) (i64.const 0)))
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
