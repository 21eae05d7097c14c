;; Writes an Arrow IPC message that claims 2 GiB of metadata: refused, and nothing is allocated for it.
(module
  (import "wasmsql_v1" "output_write" (func $output_write (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\ff\ff\ff\ff\ff\ff\ff\7f\00\00\00\00")
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $output_write (i32.const 0) (i32.const 12)))
    (i32.const 0)))
