;; G5: grows to its limit, and copies one half onto the other in one instruction, for ever. Ends by fuel.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $half i32)
    (loop
      (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (local.set $half (i32.mul (memory.size) (i32.const 32768)))
    (loop
      (memory.copy (local.get $half) (i32.const 0) (local.get $half))
      (br 0))
    (i32.const 0)))
