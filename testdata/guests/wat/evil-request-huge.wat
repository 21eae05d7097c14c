;; G7: a request of all memory. Ends by the limit.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $query (i32.const 0) (i32.const 8388608)))))
