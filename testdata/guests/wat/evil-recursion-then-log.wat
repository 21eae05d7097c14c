;; G3: logs 1,900 calls deep, where the stack is nearly used up, and goes on to a trap.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func $f (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 1900))
      (then (drop (call $log (i32.const 1) (i32.const 0) (i32.const 4)))))
    (call $f (i32.add (local.get $n) (i32.const 1))))
  (data (i32.const 0) "deep")
  (func (export "wasmsql_v1_run") (result i32)
    (call $f (i32.const 0))
    (i32.const 0)))
