;; Logs one line of 32 MiB: what is over the limit is never kept. Ends by the log.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 512)
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 0) (i32.const 97) (i32.const 0x2000000))
    (drop (call $log (i32.const 1) (i32.const 0) (i32.const 0x2000000)))
    (i32.const 0)))
