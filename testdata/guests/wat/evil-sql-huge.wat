;; G7: a statement over the limit, 1 MiB of spaces. Ends by the limit.
(module
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (memory (export "memory") 32)
  (data (i32.const 1024) "\12\80\80\40")
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 1028) (i32.const 32) (i32.const 1048576))
    (i32.wrap_i64 (call $exec (i32.const 1024) (i32.const 1048580)))))
