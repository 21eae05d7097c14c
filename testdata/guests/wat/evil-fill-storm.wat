;; G5: fills all of its memory for ever. Ends by fuel.
(module
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (memory.fill (i32.const 0) (i32.const 0x5a) (i32.mul (memory.size) (i32.const 65536)))
      (br 0))
    (i32.const 0)))
