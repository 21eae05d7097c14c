;; G6: poll_oneoff over its own subscriptions, with its events written over them, and then outside of memory. A trap.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 60000)))
    (call $poll_oneoff (i32.const 0) (i32.const 65500) (i32.const 1000) (i32.const 0))))
