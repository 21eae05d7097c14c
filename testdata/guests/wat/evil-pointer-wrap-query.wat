;; G6: a request whose pointer and length wrap around: 0xfffffff0 + 32. A trap.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $query (i32.const 0xfffffff0) (i32.const 32)))))
