;; G4: grows by a page for ever, also when it is refused. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (loop
      (drop (memory.grow (i32.const 1)))
      (br 0))
    (i32.const 0)))
