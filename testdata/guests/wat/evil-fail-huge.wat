;; G15: fails with all of its memory as the message, again and again. Ends by the host calls, with a message of a bearable length.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 128)
  (func (export "wasmsql_v1_run") (result i32)
    (memory.fill (i32.const 0) (i32.const 0xff) (i32.const 8388608))
    (loop
      (drop (call $fail (i32.const 0) (i32.const 8388608)))
      (br 0))
    (i32.const 0)))
