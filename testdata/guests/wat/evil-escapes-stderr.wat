;; G15: steers the terminal by what it prints, and traps.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\20\00\00\00\1b[2J\1b]0;owned\07\0d\c2\9b31m\e2\80\aeevil\7f\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
    (unreachable)))
