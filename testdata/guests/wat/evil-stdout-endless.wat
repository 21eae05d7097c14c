;; G15: prints a line that never ends. Ends by the log.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\0c\00\00\00no end of it")
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
      (br 0))
    (i32.const 0)))
