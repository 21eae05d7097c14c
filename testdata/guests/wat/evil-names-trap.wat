;; G15: traps in a function whose name would steer a terminal. What is told of it has the name written out.
(module binary
  "\00asm\01\00\00\00"
  "\01\05\01\60\00\01\7f"
  "\03\02\01\00"
  "\05\03\01\00\01"
  "\07\1b\02\06memory\02\00\0ewasmsql_v1_run\00\00"
  "\0a\05\01\03\00\00\0b"
  "\00\1c\04\6e\61\6d\65\01\15\01\00\12\1b\5b\33\31\6d\72\65\64\1b\5d\30\3b\6f\77\6e\65\64\07")
