;; G6: fd_write with 2^29+1 vectors, whose bytes wrap around to 8: EINVAL (28). Returns 0.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.sub (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0x20000001) (i32.const 64)) (i32.const 28))))
