;; G15: logs lines of one byte for ever. Ends by the log.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x")
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (call $log (i32.const 3) (i32.const 0) (i32.const 1)))
      (br 0))
    (i32.const 0)))
