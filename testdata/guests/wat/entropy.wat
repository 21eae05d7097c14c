;; Logs, in hex, 16 bytes of random_get and then the clock in nanoseconds as 8 bytes: the seed and the logical time
;; of the execution, the same whenever these are.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "0123456789abcdef")
  (func $digit (param $at i32) (param $value i32)
    (i32.store8 (local.get $at) (i32.load8_u (i32.and (local.get $value) (i32.const 15)))))
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (local $c i32)
    (if (call $random_get (i32.const 64) (i32.const 16)) (then (return (i32.const 1))))
    (if (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 80)) (then (return (i32.const 2))))
    (loop $l
      (local.set $c (i32.load8_u offset=64 (local.get $i)))
      (call $digit (i32.add (i32.const 128) (i32.shl (local.get $i) (i32.const 1))) (i32.shr_u (local.get $c) (i32.const 4)))
      (call $digit (i32.add (i32.const 129) (i32.shl (local.get $i) (i32.const 1))) (local.get $c))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 24))))
    (drop (call $log (i32.const 1) (i32.const 128) (i32.const 48)))
    (i32.const 0)))
