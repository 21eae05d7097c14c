;; G15: steers the terminal by the database's error about its statement. Fails, with all of it written out.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\14SELECT \"\1b[2J\07\0d\c2\9b31m\22")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $query (i32.const 1024) (i32.const 22)))
    (i32.const 1)))
