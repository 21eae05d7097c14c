;; Is built as a command, which has _start and ends with it.
(module
  (memory (export "memory") 1)
  (func (export "_start")))
