;; output_write(65536, 1): the first byte after the memory. A trap.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 65536) (i32.const 1)))
    (i32.const 0)))
