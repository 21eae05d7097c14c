;; G7: parameters over the limit, as one text of 2 MiB. Ends by the limit.
(module
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 64)
  (data (i32.const 1024) "\12\08SELECT 1\1a\88\80\80\01\0a\02\08\03\1a\80\80\80\01")
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 1048) (i32.const 97) (i32.const 2097152))
    (i32.wrap_i64 (call $query (i32.const 1024) (i32.const 2097176)))))
