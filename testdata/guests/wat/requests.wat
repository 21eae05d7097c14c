;; Sends what its input holds behind the text REQUESTS, byte by byte: a kind (1 exec, 2 query), the length in two bytes, a
;; QueryRequest. It reads all rows and ignores errors. At the kind 0 it fails if the last request did, at 3 it succeeds.
(module
  (import "wasmsql_v1" "input_read" (func $input_read (param i32 i32) (result i64)))
  (import "wasmsql_v1" "exec" (func $exec (param i32 i32) (result i64)))
  (import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
  (import "wasmsql_v1" "cursor_next" (func $cursor_next (param i64 i32 i32) (result i64)))
  (import "wasmsql_v1" "close" (func $close (param i64) (result i64)))
  (memory (export "memory") 40)
  (data (i32.const 0) "REQUESTS")
  ;; The input is at 1024 to 512 KiB, messages of a cursor behind it.
  (func $rows (param $h i64) (result i64)
    (local $n i64)
    (if (i64.lt_s (local.get $h) (i64.const 0)) (then (return (local.get $h))))
    (loop $next
      (local.set $n (call $cursor_next (local.get $h) (i32.const 524288) (i32.const 2097152)))
      (br_if $next (i64.gt_s (local.get $n) (i64.const 0))))
    (drop (call $close (local.get $h)))
    (local.get $n))
  (func (export "wasmsql_v1_run") (result i32)
    (local $p i32) (local $end i32) (local $kind i32) (local $length i32) (local $last i64)
    (local.set $p (i32.const 1024))
    (local.set $end (i32.add (i32.const 1024) (i32.wrap_i64 (call $input_read (i32.const 1024) (i32.const 523264)))))
    (block $found
      (loop $scan
        (br_if $found (i64.eq (i64.load (local.get $p)) (i64.load (i32.const 0))))
        (local.set $p (i32.add (local.get $p) (i32.const 1)))
        (br_if $scan (i32.lt_u (local.get $p) (local.get $end))))
      (return (i32.const 0)))
    (local.set $p (i32.add (local.get $p) (i32.const 8)))
    (block $done
      (loop $each
        (br_if $done (i32.ge_u (local.get $p) (local.get $end)))
        (local.set $kind (i32.load8_u (local.get $p)))
        (br_if $done (i32.eqz (local.get $kind)))
        (if (i32.eq (local.get $kind) (i32.const 3)) (then (return (i32.const 0))))
        (local.set $length (i32.load16_u (i32.add (local.get $p) (i32.const 1))))
        (local.set $p (i32.add (local.get $p) (i32.const 3)))
        (if (i32.eq (local.get $kind) (i32.const 1))
          (then (local.set $last (call $exec (local.get $p) (local.get $length))))
          (else (local.set $last (call $rows (call $query (local.get $p) (local.get $length))))))
        (local.set $p (i32.add (local.get $p) (local.get $length)))
        (br $each)))
    (i64.lt_s (local.get $last) (i64.const 0))))
