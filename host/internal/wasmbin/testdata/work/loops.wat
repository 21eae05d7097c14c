;; wat2wasm loops.wat -o loops.wasm
(module
  (memory (export "memory") 64)
  (type $op (func (param i32) (result i32)))
  (table 4 4 funcref)
  (elem (i32.const 0) $inc $dec $twice $square)

  (func $fib (export "fib") (param $n i32) (result i64)
    (if (result i64) (i32.lt_s (local.get $n) (i32.const 2))
      (then (i64.extend_i32_s (local.get $n)))
      (else (i64.add (call $fib (i32.sub (local.get $n) (i32.const 1)))
                     (call $fib (i32.sub (local.get $n) (i32.const 2)))))))

  ;; copies 1 MiB, byte by byte
  (func (export "bytes") (param $n i32) (result i64) (local $i i32)
    (loop $again
      (local.set $i (i32.const 0))
      (loop $next
        (i32.store8 offset=1048576 (local.get $i) (i32.load8_u (local.get $i)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1048576))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.const 1))

  ;; sums 1 MiB by words of 8 bytes, four at a time
  (func (export "sum") (param $n i32) (result i64) (local $i i32) (local $s i64)
    (loop $again
      (local.set $i (i32.const 0))
      (loop $next
        (local.set $s (i64.add (local.get $s) (i64.load (local.get $i))))
        (local.set $s (i64.xor (local.get $s) (i64.load offset=8 (local.get $i))))
        (local.set $s (i64.add (local.get $s) (i64.load offset=16 (local.get $i))))
        (local.set $s (i64.xor (local.get $s) (i64.load offset=24 (local.get $i))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 32))) (i32.const 1048576))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))

  (func (export "sieve") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $count i64)
    (loop $again
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 100000))
      (local.set $i (i32.const 2))
      (loop $next
        (if (i32.eqz (i32.load8_u (local.get $i)))
          (then
            (local.set $count (i64.add (local.get $count) (i64.const 1)))
            (local.set $j (i32.shl (local.get $i) (i32.const 1)))
            (block $done
              (loop $strike
                (br_if $done (i32.ge_u (local.get $j) (i32.const 100000)))
                (i32.store8 (local.get $j) (i32.const 1))
                (local.set $j (i32.add (local.get $j) (local.get $i)))
                (br $strike)))))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100000))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $count))

  (func $inc (type $op) (i32.add (local.get 0) (i32.const 1)))
  (func $dec (type $op) (i32.sub (local.get 0) (i32.const 3)))
  (func $twice (type $op) (i32.shl (local.get 0) (i32.const 1)))
  (func $square (type $op) (i32.mul (local.get 0) (local.get 0)))

  (func (export "indirect") (param $n i32) (result i64) (local $x i32)
    (loop $next
      (local.set $x (call_indirect (type $op) (local.get $x) (i32.and (local.get $n) (i32.const 3))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $x)))

  (func (export "leaves") (param $n i32) (result i64) (local $x i32)
    (loop $next
      (local.set $x (call $inc (call $twice (call $dec (local.get $x)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $x)))

  ;; a machine of four instructions: a br_table in a loop
  (func (export "machine") (param $n i32) (result i64) (local $pc i32) (local $a i64) (local $b i64)
    (block $out
      (loop $next
        (br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (block $3 (block $2 (block $1 (block $0
          (br_table $0 $1 $2 $3 (i32.and (local.get $pc) (i32.const 3))))
          (local.set $a (i64.add (local.get $a) (i64.const 7)))
          (br $next))
          (local.set $b (i64.xor (local.get $b) (local.get $a)))
          (br $next))
          (local.set $a (i64.mul (local.get $a) (i64.const 31)))
          (br $next))
        (local.set $b (i64.rotl (local.get $b) (local.get $a)))
        (br $next)))
    (local.get $b))

  (func (export "multiply") (param $n i32) (result i64) (local $i i32) (local $j i32) (local $k i32) (local $s f64)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $k (i32.const 0))
        (local.set $s (f64.const 0))
        (loop $cells
          (local.set $s (f64.add (local.get $s) (f64.mul
            (f64.load (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 100)) (local.get $k)) (i32.const 3)))
            (f64.load offset=80000 (i32.shl (i32.add (i32.mul (local.get $k) (i32.const 100)) (local.get $j)) (i32.const 3))))))
          (br_if $cells (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 100))))
        (f64.store offset=160000 (i32.shl (i32.add (i32.mul (local.get $i) (i32.const 100)) (local.get $j)) (i32.const 3)) (local.get $s))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 100))))
      (local.set $i (i32.rem_u (i32.add (local.get $i) (i32.const 1)) (i32.const 100)))
      (br_if $rows (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.trunc_f64_s (local.get $s))))
