;; Grows a table by a million entries at a time until that is refused, and succeeds.
;; At most 2^28 entries are tried, 2 GiB in a host: the limit must come before.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (table $t 1 funcref)
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
    (block $refused
      (loop $more
        (br_if $refused (i32.eq (table.grow $t (ref.null func) (i32.const 1000000)) (i32.const -1)))
        (br_if $more (i32.lt_u (table.size $t) (i32.const 0x10000000)))))
    (call $check (i32.const 1) (i64.extend_i32_u (i32.ge_u (table.size $t) (i32.const 0x10000000))) (i64.const 0))
    (global.get $bad)))
