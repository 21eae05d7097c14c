;; G8: asks for 128 KiB of random numbers for ever. Ends by the host calls, or the deadline.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (call $random_get (i32.const 0) (i32.const 131072)))
      (br 0))
    (i32.const 0)))
