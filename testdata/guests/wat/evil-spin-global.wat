;; G1: a loop over a global that counts down and is never zero when it is looked at. Ends by fuel.
(module
  (memory (export "memory") 1)
  (global $n (mut i64) (i64.const -1))
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (global.set $n (i64.sub (global.get $n) (i64.const 2)))
      (br_if 0 (i64.ne (global.get $n) (i64.const 0))))
    (i32.const 0)))
