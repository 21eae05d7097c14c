;; Has no wasmsql_v1_run: refused at load.
(module
  (memory (export "memory") 1))
