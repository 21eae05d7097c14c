;; G5: fills nothing, for ever. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))
      (br 0))
    (i32.const 0)))
