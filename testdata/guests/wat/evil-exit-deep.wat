;; G9: proc_exit(3) from 1,000 calls deep, with a cursor open.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\12\08SELECT 1") ;; QueryRequest{SQL: "SELECT 1"}: (1024, 10)
  (func $f (param $n i32)
    (if (i32.eqz (local.get $n)) (then (call $proc_exit (i32.const 3))))
    (call $f (i32.sub (local.get $n) (i32.const 1))))
  (func (export "wasmsql_v1_run") (result i32)
    (drop (call $query (i32.const 1024) (i32.const 10)))
    (call $f (i32.const 1000))
    (i32.const 0)))
