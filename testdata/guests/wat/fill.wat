;; Fills 32 MiB of memory again and again: much work in few instructions.
(module
  (memory (export "memory") 512)
  (func (export "wasmsql_v1_run") (result i32)
    (loop $l
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2000000))
      (br $l))
    unreachable))
