;; G4: starts with 4 GiB of memory. Refused.
(module
  (memory (export "memory") 65536)
  (func (export "wasmsql_v1_run") (result i32)
    (i32.const 0)))
