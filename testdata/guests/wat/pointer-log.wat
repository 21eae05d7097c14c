;; log(1, 0, 0xFFFFFFFF): a length of 4 GiB. A trap.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $log (i32.const 1) (i32.const 0) (i32.const 0xFFFFFFFF)))
    (i32.const 0)))
