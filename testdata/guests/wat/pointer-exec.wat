;; exec(65530, 32), which ends after the memory. A trap.
(module
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $exec (i32.const 65530) (i32.const 32)))
    (i32.const 0)))
