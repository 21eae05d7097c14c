;; G3: two functions that call each other without end. A trap.
(module
  (memory (export "memory") 1)
  (func $a (call $b))
  (func $b (call $a))
  (func (export "wasmsql_v1_run") (result i32)
    (call $a)
    (i32.const 0)))
