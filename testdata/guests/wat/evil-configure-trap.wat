;; G14: traps in configure, after a log line. The task is not loaded.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_configure") (result i32)
    (drop (call $log (i32.const 1) (i32.const 0) (i32.const 4)))
    (i32.div_u (i32.const 1) (i32.load (i32.const 0))))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
