;; G6: a wrong log level and a wrong pointer at once: whichever is told, nothing is read. INVALID_ARG, returns 0.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  ;; The first check whose answer is not the wanted one ends in fail("check NN").
  (global $bad (mut i32) (i32.const 0))
  (data (i32.const 0) "check NN")
  (func $check (param $n i32) (param $got i64) (param $want i64)
    (if (i32.or (i64.eq (local.get $got) (local.get $want)) (i32.ne (global.get $bad) (i32.const 0)))
      (then (return)))
    (global.set $bad (local.get $n))
    (i32.store8 (i32.const 6) (i32.add (i32.const 48) (i32.div_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 7) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
    (drop (call $fail (i32.const 0) (i32.const 8))))
  (func (export "wasmsql_v1_run") (result i32)
    (call $check (i32.const 1) (call $log (i32.const 77) (i32.const -1) (i32.const -1)) (i64.const -1))
    (global.get $bad)))
