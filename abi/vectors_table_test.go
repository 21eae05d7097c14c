package abi

import "math"

func typeOf(k Kind) Type            { return Type{Kind: k} }
func orNull(t Type) Type            { t.Nullable = true; return t }
func listOf(t Type) Type            { return Type{Kind: List, Elem: &t} }
func intOf(k Kind, n int64) *Value  { return &Value{Type: typeOf(k), Int: n} }
func floatOf(f float64) *Value      { return &Value{Type: typeOf(Float), Float: f} }
func strOf(k Kind, s string) *Value { return &Value{Type: typeOf(k), Str: s} }
func decimalOf(p, s uint8) Type     { return Type{Kind: Decimal, Precision: p, Scale: s} }
func nullOf(t Type) *Value          { return &Value{Type: t, Null: true} }

// deep returns list[list[…int]] of so many levels.
func deep(levels int) Type {
	t := typeOf(Int)
	for range levels - 1 {
		t = listOf(t)
	}
	return t
}

var suites = []suite{
	{"config.json", "Config", configVectors, refusedConfigs, func() message { return new(Config) }},
	{"input.json", "Input", inputVectors, refusedInputs, func() message { return new(Input) }},
	{"query_request.json", "QueryRequest", requestVectors, refusedRequests, func() message { return new(QueryRequest) }},
	{"error.json", "Error", errorVectors, refusedErrors, func() message { return new(Error) }},
	{"value.json", "Value", valueVectors, refusedValues, func() message { return new(Value) }},
}

var configVectors = []vector{
	{"empty", &Config{}, ""},
	{"template", &Config{
		Task:     "tracks.after",
		Template: &Template{Text: "SELECT \"Name\" FROM tracks WHERE \"TrackId\" > {{ .inputs.after }}\n"},
		Inputs:   []InputDecl{{"after", typeOf(Int)}, {"ids", orNull(listOf(orNull(typeOf(Str))))}},
		Outputs: Outputs{Mode: OutputColumns, Columns: []OutputColumn{
			{"TrackId", typeOf(Int)}, {"Name", orNull(typeOf(Str))}}},
		Connections: []Connection{{"tracks", SQLite, ReadOnly}, {"log", Postgres, ReadWrite}},
	}, ""},
	{"text interpolation, no rows", &Config{
		Template: &Template{Text: "UPDATE t SET v = {{ .v }}", Interpolation: Text}, Outputs: Outputs{Mode: OutputNone}}, ""},
	{"empty template", &Config{Template: &Template{}}, ""},
	{"plugin", &Config{Task: "p", Plugin: []byte(`{"a":[1,2]}`)}, ""},
	{"every kind of input", &Config{Inputs: []InputDecl{{"int", typeOf(Int)}, {"float", typeOf(Float)}, {"str", typeOf(Str)},
		{"bool", typeOf(Bool)}, {"datetime", typeOf(Datetime)}, {"date", typeOf(Date)}, {"time", typeOf(Time)},
		{"timedelta", typeOf(Timedelta)}, {"decimal", typeOf(Decimal)}, {"bytes", typeOf(Bytes)}, {"uuid", typeOf(UUID)},
		{"json", typeOf(JSON)}, {"list", listOf(typeOf(Int))}, {"", typeOf(Int)}}}, ""},
	{"decimals with their digits", &Config{Outputs: Outputs{Mode: OutputColumns, Columns: []OutputColumn{
		{"price", decimalOf(12, 2)}, {"whole", orNull(decimalOf(38, 0))}, {"parts", listOf(orNull(decimalOf(1, 1)))}}}}, ""},
	{"digits before the kind", &Config{Inputs: []InputDecl{{"d", decimalOf(5, 2)}}}, "22 0b 0a 01 64 12 06 28 02 20 05 08 09"},
	{"deepest type", &Config{Inputs: []InputDecl{{"d", deep(MaxDepth)}}}, ""},
	{"names outside of ASCII", &Config{Task: "täsk \U0001F40D", Connections: []Connection{{Name: "né\x00e", Dialect: "other"}}}, ""},
	{"fields out of order", &Config{Task: "t", Plugin: []byte("{}")}, "1a 02 7b 7d 0a 01 74"},
	{"unknown fields", &Config{Task: "t"}, "0a 01 74 78 ff 01 81 01 01 02 03 04 05 06 07 08 8a 01 02 aa bb 95 01 01 02 03 04"},
	{"zero values that are written", &Config{Template: &Template{}}, "0a 00 12 02 10 00 1a 00 2a 02 08 00"},
	{"numbers longer than need be", &Config{Task: "t", Template: &Template{Interpolation: Text}}, "8a 00 81 80 00 74 12 04 10 81 80 00"},
}

var refusedConfigs = [][2]string{
	{"tag cut short", "80"},
	{"field number 0", "00 00"},
	{"field number too large", "f8 ff ff ff ff 01 00"},
	{"length with nothing behind", "0a"},
	{"length over the end", "0a 05 74"},
	{"length of 2^63", "0a 80 80 80 80 80 80 80 80 80 01"},
	{"length of more than 64 bits", "0a ff ff ff ff ff ff ff ff ff 02"},
	{"text that is not UTF-8", "0a 02 c3 28"},
	{"text that is a surrogate", "0a 03 ed a0 80"},
	{"number where text is due", "08 01"},
	{"task given twice", "0a 01 74 0a 01 75"},
	{"template given twice", "12 00 12 00"},
	{"outputs given twice", "2a 02 08 01 2a 02 08 01"},
	{"interpolation out of range", "12 02 10 02"},
	{"output mode out of range", "2a 02 08 03"},
	{"access out of range", "32 02 18 02"},
	{"input without a type", "22 03 0a 01 61"},
	{"input with an empty type", "22 05 0a 01 61 12 00"},
	{"column without a type", "2a 05 12 03 0a 01 61"},
	{"kind out of range", "22 04 12 02 08 0e"},
	{"second input with a bad name", "22 04 12 02 08 01 22 07 0a 01 ff 12 02 08 01"},
	{"list without an element type", "22 04 12 02 08 0d"},
	{"element type of an int", "22 08 12 06 08 01 12 02 08 01"},
	{"list of nothing", "22 06 12 04 08 0d 12 00"},
	{"nullable is 2", "22 06 12 04 08 01 18 02"},
	{"precision of an int", "22 06 12 04 08 01 20 05"},
	{"precision of 39", "22 06 12 04 08 09 20 27"},
	{"scale without a precision", "22 06 12 04 08 09 28 01"},
	{"scale above the precision", "22 08 12 06 08 09 20 05 28 06"},
	{"scale of an element that is an int", "22 0a 12 08 08 0d 12 04 08 01 28 01"},
	{"group", "0b 0c"},
	{"unknown group", "7b 7c"},
	{"unknown wire type 6", "7e"},
	{"unknown varint cut short", "78 80"},
	{"unknown double cut short", "79 00 00 00"},
	{"unknown float cut short", "7d 00 00"},
	{"unknown bytes cut short", "7a 02 00"},
	{"type too deep", spaced((&Config{Inputs: []InputDecl{{"d", deep(MaxDepth + 1)}}}).Marshal())},
}

var inputVectors = []vector{
	{"empty", &Input{}, ""},
	{"values", &Input{
		Values: []NamedValue{{"after", *intOf(Int, 3)}, {"q", *strOf(Str, "50% 'off'")}, {"none", *nullOf(orNull(typeOf(Date)))}},
		Limits: Limits{StatementBytes: 256 << 10, HostCalls: 100_000, DeadlineMicros: 30_000_000}, LogicalTime: 1_700_000_000_000_000,
	}, ""},
	{"before 1970", &Input{LogicalTime: -1}, ""},
	{"ends of the time", &Input{LogicalTime: math.MinInt64}, ""},
	{"largest limit", &Input{Limits: Limits{HostCalls: math.MaxInt64}}, ""},
}

var refusedInputs = [][2]string{
	{"value missing", "0a 03 0a 01 61"},
	{"value without a type", "0a 02 12 00"},
	{"negative limit", "1a 0b 08 ff ff ff ff ff ff ff ff ff 01"},
	{"null of an int", "0a 09 0a 01 61 12 04 0a 02 08 01"},
	{"time cut short", "10 80"},
	{"name is a number", "0a 02 08 01"},
}

var requestVectors = []vector{
	{"empty", &QueryRequest{}, ""},
	{"select", &QueryRequest{Connection: "tracks", SQL: "SELECT 1"}, ""},
	{"parameters", &QueryRequest{SQL: "UPDATE t SET a = ?, b = ? WHERE c = ?",
		Params: []Value{*intOf(Int, -7), *strOf(Str, "Робин'); DROP TABLE t;--"), *nullOf(orNull(typeOf(Str)))}}, ""},
	{"rows dropped", &QueryRequest{SQL: "SELECT f()", DiscardRows: true}, ""},
	{"last statement", &QueryRequest{SQL: "SELECT 1", Last: true}, ""},
	{"text with NUL", &QueryRequest{SQL: "SELECT '\x00'"}, ""},
	{"long text", &QueryRequest{SQL: "SELECT '" + string(make([]byte, 120)) + "'", Params: []Value{*strOf(Bytes, string(make([]byte, 130)))}}, ""},
	{"parameters before the text", &QueryRequest{SQL: "S", Params: []Value{*intOf(Int, 1), *intOf(Int, 2)}},
		"1a 06 0a 02 08 01 10 02 12 01 53 1a 06 0a 02 08 01 10 04"},
	{"false that is written", &QueryRequest{SQL: "S"}, "12 01 53 20 00"},
}

var refusedRequests = [][2]string{
	{"text that is not UTF-8", "12 03 53 ff 4c"},
	{"text of 4 GiB", "12 ff ff ff ff 0f 53"},
	{"fourth parameter of an unknown kind", "1a 06 0a 02 08 01 10 00 1a 06 0a 02 08 01 10 00 1a 06 0a 02 08 01 10 00 1a 06 0a 02 08 7f 10 00"},
	{"parameter without a type", "1a 02 10 02"},
	{"parameter that is empty", "1a 00"},
	{"discard_rows is 2", "20 02"},
	{"discard_rows is text", "22 01 31"},
	{"last is 2", "28 02"},
	{"connection given twice", "0a 01 61 0a 01 61"},
}

var errorVectors = []vector{
	{"code alone", &Error{Code: Denied}, ""},
	{"everything", &Error{Code: DB, SQLState: "42P01", Message: "relation \"tracs\" does not exist", Detail: "d",
		Hint: "did you mean \"tracks\"?", Position: 15, Retryable: true}, ""},
	{"last code", &Error{Code: Internal, Message: "m"}, ""},
	{"largest position", &Error{Code: DB, Position: math.MaxInt32}, ""},
}

var refusedErrors = [][2]string{
	{"empty", ""},
	{"code missing", "1a 01 6d"},
	{"code OK", "08 00"},
	{"code above 0", "08 02"},
	{"code that is not known", "08 1b"},
	{"least 64-bit code", "08 ff ff ff ff ff ff ff ff ff 01"},
	{"position below 0", "08 05 30 ff ff ff ff ff ff ff ff ff 01"},
	{"position of 2^31", "08 05 30 80 80 80 80 08"},
	{"message that is not UTF-8", "08 05 1a 01 80"},
	{"retryable is 2", "08 05 38 02"},
}

var valueVectors = []vector{
	{"int 0", intOf(Int, 0), ""},
	{"int 1", intOf(Int, 1), ""},
	{"int -1", intOf(Int, -1), ""},
	{"int 300", intOf(Int, 300), ""},
	{"least int", intOf(Int, math.MinInt64), ""},
	{"largest int", intOf(Int, math.MaxInt64), ""},
	{"float 0", floatOf(0), ""},
	{"float -0", floatOf(math.Copysign(0, -1)), ""},
	{"float 1.5", floatOf(1.5), ""},
	{"smallest float", floatOf(math.SmallestNonzeroFloat64), ""},
	{"largest float", floatOf(math.MaxFloat64), ""},
	{"float NaN", floatOf(math.Float64frombits(0x7ff8000000000000)), ""},
	{"float infinity", floatOf(math.Inf(1)), ""},
	{"float minus infinity", floatOf(math.Inf(-1)), ""},
	{"str empty", strOf(Str, ""), ""},
	{"str", strOf(Str, "it's {{ .x }} ?1 $1 :n \\ \x00 \U0001F40D"), ""},
	{"bool false", intOf(Bool, 0), ""},
	{"bool true", intOf(Bool, 1), ""},
	{"datetime", intOf(Datetime, 1_700_000_000_123_456), ""},
	{"first datetime", intOf(Datetime, MinDatetime), ""},
	{"last datetime", intOf(Datetime, MaxDatetime), ""},
	{"date", intOf(Date, 19_675), ""},
	{"first date", intOf(Date, MinDate), ""},
	{"last date", intOf(Date, MaxDate), ""},
	{"time", intOf(Time, 45_296_000_007), ""},
	{"last time", intOf(Time, MaxTime), ""},
	{"timedelta", intOf(Timedelta, -90_000_000), ""},
	{"least timedelta", intOf(Timedelta, math.MinInt64), ""},
	{"decimal", strOf(Decimal, "-0012.3400"), ""},
	{"decimal of 40 digits", strOf(Decimal, "1234567890123456789012345678901234567890"), ""},
	{"decimal of its digits", &Value{Type: decimalOf(4, 2), Str: "-0012.3400"}, ""},
	{"bytes empty", strOf(Bytes, ""), ""},
	{"bytes", strOf(Bytes, "\x00\xff\xc3("), ""},
	{"uuid", strOf(UUID, "\x12\x3e\x45\x67\xe8\x9b\x12\xd3\xa4\x56\x42\x66\x14\x17\x40\x00"), ""},
	{"json", strOf(JSON, `{"a": [1, "é"]}`), ""},
	{"list", &Value{Type: listOf(typeOf(Int)), List: []Value{*intOf(Int, 1), *intOf(Int, 0), *intOf(Int, -1)}}, ""},
	{"list empty", &Value{Type: listOf(typeOf(Str))}, ""},
	{"list with null", &Value{Type: listOf(orNull(typeOf(Str))), List: []Value{
		{Type: orNull(typeOf(Str)), Str: "a"}, {Type: orNull(typeOf(Str)), Null: true}, {Type: orNull(typeOf(Str))}}}, ""},
	{"list of lists", &Value{Type: listOf(listOf(typeOf(Bool))), List: []Value{
		{Type: listOf(typeOf(Bool)), List: []Value{*intOf(Bool, 1)}}, {Type: listOf(typeOf(Bool))}}}, ""},
	{"null int", nullOf(orNull(typeOf(Int))), ""},
	{"null list", nullOf(orNull(listOf(typeOf(Int)))), ""},
	{"member before the type", intOf(Int, 1), "10 02 0a 02 08 01"},
	{"list before the type", &Value{Type: listOf(typeOf(Int)), List: []Value{*intOf(Int, 1)}}, "2a 04 0a 02 10 02 0a 06 08 0d 12 02 08 01"},
	{"entry with its type", &Value{Type: listOf(typeOf(Int)), List: []Value{*intOf(Int, 1)}}, "0a 06 08 0d 12 02 08 01 2a 08 0a 06 0a 02 08 01 10 02"},
	{"unknown field in a list", &Value{Type: listOf(typeOf(Int)), List: []Value{*intOf(Int, 1)}}, "0a 06 08 0d 12 02 08 01 2a 06 10 05 0a 02 10 02"},
}

var refusedValues = [][2]string{
	{"empty", ""},
	{"kind 0", "0a 02 08 00"},
	{"type missing", "10 02"},
	{"null of an int", "0a 02 08 01"},
	{"null of a list", "0a 06 08 0d 12 02 08 01"},
	{"text for an int", "0a 02 08 01 22 01 31"},
	{"int for a str", "0a 02 08 03 10 02"},
	{"float for an int", "0a 02 08 01 19 00 00 00 00 00 00 00 00"},
	{"list for a str", "0a 02 08 03 2a 00"},
	{"two members", "0a 02 08 01 10 02 22 01 31"},
	{"one member twice", "0a 02 08 01 10 02 10 02"},
	{"float cut short", "0a 02 08 02 19 00 00 00 00"},
	{"str that is not UTF-8", "0a 02 08 03 22 01 ff"},
	{"json that is not UTF-8", "0a 02 08 0c 22 01 ff"},
	{"bool 2", "0a 02 08 04 10 04"},
	{"bool -1", "0a 02 08 04 10 01"},
	{"datetime after 9999", spaced(intOf(Datetime, MaxDatetime+1).Marshal())},
	{"datetime before 0", spaced(intOf(Datetime, MinDatetime-1).Marshal())},
	{"date after 9999", spaced(intOf(Date, MaxDate+1).Marshal())},
	{"date before 0", spaced(intOf(Date, MinDate-1).Marshal())},
	{"time of 24 hours", spaced(intOf(Time, MaxTime+1).Marshal())},
	{"time below 0", spaced(intOf(Time, -1).Marshal())},
	{"decimal empty", "0a 02 08 09 22 00"},
	{"decimal of a sign", "0a 02 08 09 22 01 2d"},
	{"decimal with a plus", "0a 02 08 09 22 02 2b 31"},
	{"decimal without a first digit", "0a 02 08 09 22 02 2e 35"},
	{"decimal without a last digit", "0a 02 08 09 22 02 35 2e"},
	{"decimal with an exponent", "0a 02 08 09 22 03 31 65 35"},
	{"decimal with two points", "0a 02 08 09 22 05 31 2e 32 2e 33"},
	{"decimal NaN", "0a 02 08 09 22 03 4e 61 4e"},
	{"decimal of too many digits", spaced((&Value{Type: decimalOf(4, 2), Str: "123.4"}).Marshal())},
	{"decimal of too many places", spaced((&Value{Type: decimalOf(4, 2), Str: "1.234"}).Marshal())},
	{"uuid of 15 bytes", "0a 02 08 0b 22 0f 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"},
	{"uuid as text", spaced(strOf(UUID, "123e4567-e89b-12d3-a456-426614174000").Marshal())},
	{"null in a list without null", "0a 06 08 0d 12 02 08 01 2a 02 0a 00"},
	{"entry of another type", "0a 06 08 0d 12 02 08 01 2a 08 0a 06 0a 02 08 06 10 02"},
	{"entry of another member", "0a 06 08 0d 12 02 08 01 2a 05 0a 03 22 01 31"},
	{"third entry out of range", "0a 06 08 0d 12 02 08 04 2a 0c 0a 02 10 02 0a 02 10 00 0a 02 10 04"},
	{"entry that is a number", "0a 06 08 0d 12 02 08 01 2a 02 08 02"},
	{"entry cut short", "0a 06 08 0d 12 02 08 01 2a 03 0a 05 10"},
	{"value of a type too deep", spaced((&Value{Type: deep(MaxDepth + 1)}).Marshal())},
}
