;; G9: an Arrow message byte by byte, that never comes. Ends by the host calls.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\ff\ff\ff\ff\00\00\10\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 1024) (i32.const 8)))
    (loop
      (drop (call $output_write (i32.const 0) (i32.const 1)))
      (br 0))
    (i32.const 0)))
