;; G15: logs all of its memory at once, a thousand times. Ends by the log.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop
      (drop (call $log (i32.const 0) (i32.const 0) (i32.const 8388608)))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (i32.const 0)))
