;; G15: imports a function whose name would steer a terminal. Refused, with the name written out.
(module
  (import "wasmsql_v1" "\1b[2J\1b]0;owned\07" (func))
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
