;; G1, G15: wasmsql_v1_configure logs for ever. The task is not loaded: the log.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32) (loop (drop (call $log (i32.const 1) (i32.const 0) (i32.const 1))) (br 0)) (i32.const 0))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
