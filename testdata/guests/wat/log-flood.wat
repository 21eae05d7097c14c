;; Logs 100 bytes 10000 times, over any limit, and looks at no answer. Ends by the log.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789")
  (func (export "wasmsql_v1_run") (result i32)
    (local $i i32)
    (loop $l
      (drop (call $log (i32.const 1) (i32.const 0) (i32.const 100)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $i) (i32.const 10000))))
    (i32.const 0)))
