;; Terminal escapes, a carriage return and a forged line in the log, on standard output and in the failure.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\1b]0;owned\07\1b[2J\rfake\nlevel=ERROR msg=forged\n") ;; (0, 43)
  (data (i32.const 64) "\00\00\00\00\2b\00\00\00")                       ;; the iovec of it
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $log (i32.const 1) (i32.const 0) (i32.const 43)))
    (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 80)))
    (drop (call $fail (i32.const 0) (i32.const 43)))
    (i32.const 1)))
