;; G5: copies most of its memory by one byte to and fro, for ever. Ends by fuel.
(module
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (memory.copy (i32.const 1) (i32.const 0) (i32.const 8388607))
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 8388607))
      (br 0))
    (i32.const 0)))
