;; G15: steers the terminal by the name of a connection. Fails, with all of it written out.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\0a\06\1b[2J\07\0d\12\08SELECT 1")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $query (i32.const 1024) (i32.const 18)))
    (i32.const 1)))
