;; Takes input_read's answer for what was written, although it is more than the buffer has: by the fill rule nothing was. It
;; sends what it believes to have as a request, which is INVALID_ARG.
(module
  (import "wasmsql_v1" "config_read" (func $config_read (param i32 i32) (result i64)))
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $exec (i32.const 0) (i32.wrap_i64 (call $config_read (i32.const 0) (i32.const 4)))))
    (i32.const 1)))
