;; The last byte of the memory, and nothing at the very end of it, are inside: no trap.
(module
  (import "wasmsql_v1" "log" (func $log (param i32 i32 i32) (result i64)))
  (import "wasmsql_v1" "error_read" (func $error_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.store8 (i32.const 65535) (i32.const 65))
    (drop (call $log (i32.const 1) (i32.const 65535) (i32.const 1)))
    (drop (call $log (i32.const 1) (i32.const 65536) (i32.const 0)))
    (drop (call $error_read (i32.const 65536) (i32.const 0)))
    (i32.const 0)))
