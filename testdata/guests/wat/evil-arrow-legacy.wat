;; G9: an Arrow stream in the form before 0.15, of a message of 16 zeros. Fails.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\10\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 1024) (i32.const 20)))
    (i32.const 0)))
