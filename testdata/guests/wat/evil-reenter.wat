;; G8: wasmsql_v1_run calls its own export wasmsql_v1_run and configure, by their functions: inner calls are nothing of the host's. Ends as a trap.
(module
  (import "wasmsql_v1" "input_read" (func $input_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func $configure (export "wasmsql_v1_configure") (result i32)
    (drop (call $input_read (i32.const 0) (i32.const 0)))
    (i32.const 0))
  (func $run (export "wasmsql_v1_run") (result i32)
    (drop (call $configure))
    (call $run)))
