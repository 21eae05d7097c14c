;; G10: probes names of connections for ever. Ends by the host calls.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\0a\06aaaaaa\12\08SELECT 1")
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (i32.store8 (i32.const 1026) (i32.add (i32.load8_u (i32.const 1026)) (i32.const 1)))
      (i32.store8 (i32.const 1026) (i32.and (i32.load8_u (i32.const 1026)) (i32.const 0x7f)))
      (drop (call $query (i32.const 1024) (i32.const 18)))
      (br 0))
    (i32.const 0)))
