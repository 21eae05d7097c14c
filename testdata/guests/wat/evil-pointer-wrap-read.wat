;; G6: a buffer of 2^32-1 bytes for the configuration. A trap, and nothing is written.
(module
  (import "wasmsql_v1" "config_read" (func $config_read (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.wrap_i64 (call $config_read (i32.const 8) (i32.const -1)))))
