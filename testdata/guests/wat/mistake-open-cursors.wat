;; Opens a cursor a time and closes none, until the host's limit of open ones. Needs a database that runs SELECT 1.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}
  (func (export "wasmsql_v1_run") (result i32)
    (loop $more (br_if $more (i64.gt_s (call $query (i32.const 0) (i32.const 10)) (i64.const 0))))
    (i32.const 1)))
