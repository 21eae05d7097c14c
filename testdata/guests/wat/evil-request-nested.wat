;; G7: a list in a list, 200 deep. INVALID_ARG, returns 0.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
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
  (func $request (result i32)
    ;; from the inside out: each level is 12 02 .. of the type of the one around it
    (local $p i32) (local $n i32)
    (local.set $p (i32.const 2048))
    (loop
      (i32.store8 (local.get $p) (i32.const 0x1a))
      (i32.store8 (i32.add (local.get $p) (i32.const 1)) (i32.sub (i32.const 126) (i32.and (local.get $n) (i32.const 63))))
      (local.set $p (i32.add (local.get $p) (i32.const 2)))
      (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 200))))
    (i32.sub (local.get $p) (i32.const 2048)))
  (func (export "wasmsql_v1_run") (result i32)
    (call $check (i32.const 1) (call $query (i32.const 2048) (call $request)) (i64.const -1))
    (global.get $bad)))
