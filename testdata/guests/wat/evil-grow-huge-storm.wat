;; G4: grows by what it cannot get for ever. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (memory.grow (i32.const 65535)))
      (br 0))
    (i32.const 0)))
