;; G6: random numbers over the end of memory. A trap.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (call $random_get (i32.const 65535) (i32.const 2))))
