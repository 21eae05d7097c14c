;; G15: prints 8 MiB of ends of lines, 100 times in each call. Ends by the log: also a line of nothing counts.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 129)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (memory.fill (i32.const 65536) (i32.const 10) (i32.const 8388608))
    (loop
      (i32.store (i32.mul (local.get $i) (i32.const 8)) (i32.const 65536))
      (i32.store (i32.add (i32.const 4) (i32.mul (local.get $i) (i32.const 8))) (i32.const 8388608))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (local.set $i (i32.const 0))
    (loop
      (if (call $fd_write (i32.const 2) (i32.const 0) (i32.const 100) (i32.const 16384)) (then (return (i32.const 2))))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (i32.const 0)))
