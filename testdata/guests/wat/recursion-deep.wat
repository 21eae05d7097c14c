;; Recursion without an end: the stack is exhausted, which is a trap.
(module
  (memory (export "memory") 1)
  (func $f (param $n i64) (result i64)
    (i64.add (call $f (i64.add (local.get $n) (i64.const 1))) (i64.const 1)))
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $f (i64.const 0)))))
