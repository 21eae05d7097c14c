;; Ends with proc_exit(0) in run, without having returned 0: not a success.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (call $proc_exit (i32.const 0))
    unreachable))
