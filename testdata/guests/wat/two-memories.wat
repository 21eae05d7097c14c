;; Has two memories: refused at load. Built with --enable-multi-memory.
(module
  (memory (export "memory") 1)
  (memory 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
