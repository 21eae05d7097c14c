;; query(0xFFFFFFF0, 32), which wraps. A trap.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $query (i32.const 0xFFFFFFF0) (i32.const 32)))
    (i32.const 0)))
