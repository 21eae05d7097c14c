;; Writes bytes as its result that are no Arrow IPC stream, and returns 0: the execution fails.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\ff\ff\ff\ff\10\00\00\00garbage, not a flatbuffer")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 0) (i32.const 33)))
    (i32.const 0)))
