;; G14: writes a pattern all over its memory, and fails if an execution before left it. Returns 0.
(module
  (import "wasmsql_v1" "fail" (func $fail (param i32 i32) (result i64)))
  (memory (export "memory") 16)
  ;; Looks for the pattern at each 8 bytes of memory.
  (func $look (result i32) (local $p i32)
    (loop
      (if (i64.eq (i64.load (local.get $p)) (i64.sub (i64.const 0) (i64.const 0x7ec2e75ec2e7ca11))) (then (return (i32.const 1))))
      (br_if 0 (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 8))) (i32.mul (memory.size) (i32.const 65536)))))
    (i32.const 0))
  ;; Writes the pattern to each 1,024 bytes of memory.
  (func $leave (local $p i32)
    (loop
      (i64.store (local.get $p) (i64.sub (i64.const 0) (i64.const 0x7ec2e75ec2e7ca11)))
      (br_if 0 (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 1024))) (i32.mul (memory.size) (i32.const 65536))))))
  (data (i32.const 16) "found")
  (func $found (drop (call $fail (i32.const 16) (i32.const 5))))
  (func (export "wasmsql_v1_run") (result i32)
    (if (call $look) (then (call $found) (return (i32.const 1))))
    (call $leave)
    (i32.const 0)))
