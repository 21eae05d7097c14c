;; G9: an Arrow message whose table points to itself. Fails.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\ff\ff\ff\ff\10\00\00\00\04\00\00\00\00\00\00\00\04\00\00\00\00\00\00\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 1024) (i32.const 24)))
    (i32.const 0)))
