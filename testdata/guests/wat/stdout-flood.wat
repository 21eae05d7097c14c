;; Writes 1 MiB to standard output and to standard error 64 times each: captured up to the limit. Ends by the log.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 17)
  (data (i32.const 0) "\00\00\01\00\00\00\10\00") ;; the iovec of (65536, 1 MiB)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (memory.fill (i32.const 65536) (i32.const 97) (i32.const 0x100000))
    (loop $l
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 64))))
    (i32.const 0)))
