;; G15: prints all of its memory 512 times in one call of fd_write, which is 4 GiB: EINVAL (28). Then 511 times, in a hundred calls. Ends by the log.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop
      (i32.store (i32.add (i32.const 4) (i32.mul (local.get $i) (i32.const 8))) (i32.const 8388608))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1024))))
    (if (i32.ne (call $fd_write (i32.const 1) (i32.const 0) (i32.const 512) (i32.const 16384)) (i32.const 28)) (then (return (i32.const 1))))
    (local.set $i (i32.const 0))
    (loop
      (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 511) (i32.const 16384)) (then (return (i32.const 2))))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (i32.sub (i32.load (i32.const 16384)) (i32.const 0xff800000))))
