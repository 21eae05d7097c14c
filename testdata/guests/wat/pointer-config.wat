;; config_read(65535, 4096): the buffer ends after the memory. A trap.
(module
  (import "wasmsql_v1" "config_read" (func $config_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $config_read (i32.const 65535) (i32.const 4096)))
    (i32.const 0)))
