;; G4: grows by a page until it is refused and writes to each page. Returns 0; its peak is the limit.
(module
  (memory (export "memory") 1)
  (func (export "wasmsql_v1_run") (result i32)
    (local $p i32)
    (block $full
      (loop
        (br_if $full (i32.eq (local.tee $p (memory.grow (i32.const 1))) (i32.const -1)))
        (memory.fill (i32.mul (local.get $p) (i32.const 65536)) (i32.const 0xa5) (i32.const 65536))
        (br 0)))
    (i32.const 0)))
