package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// script is what a host answers, and what it wants to be asked, in order. A
// line each:
//
//	config TASK [NAME DIALECT ACCESS]…   the task, and the connections that it was granted
//	input NAME VALUE                     an input; once more for the next
//	query [on NAME] SQL [VALUE]… -> ANSWER
//	exec [on NAME] SQL [VALUE]… -> ANSWER
//	rows HANDLE COLUMN CELL…             a cursor has this column of int; CELL may be null
//	read HANDLE                          the guest reads it to its end
//	output_cursor HANDLE -> ANSWER
//	close HANDLE -> ANSWER
//	log LEVEL TEXT
//	fail TEXT
//	configure -> STATUS
//	run -> STATUS
//
// A word is JSON if it begins with " or {; a VALUE is {"int": 3}, {"str": "a"},
// {"float": 0.5}, {"bool": true}, {"bytes": "aGk="}, {"null": "int"}, or a str of so many x: {"long": 5000}. An
// ANSWER is a number, or an errno with a message: -> DB "no such table".
// Lines that begin with # are for people. config_read, input_read and
// error_read are answered whenever they are called.
type script struct {
	config abi.Config
	input  abi.Input
	rows   map[int64]column
	steps  []step
}

// column is the one column of a cursor, and its cells.
type column struct {
	name  string
	cells []*int64
}

// step is something that the guest must do.
type step struct {
	line   int
	call   string // a host function, "read", "configure" or "run"
	handle int64  // of a cursor; the level of a log line
	text   string // of log and fail
	query  abi.QueryRequest
	answer int64
	err    abi.Error // for an answer below 0
}

// parse reads a script. Its error begins with the line.
func parse(text string) (*script, error) {
	s := &script{rows: map[int64]column{}}
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		words, err := split(line)
		if err == nil {
			err = s.add(i+1, words)
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
	}
	if len(s.steps) == 0 {
		return nil, errors.New("1: the script wants nothing")
	}
	return s, nil
}

// split takes a line apart at spaces, but not within JSON.
func split(line string) ([]string, error) {
	var words []string
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimLeft(line, " \t") {
		if line[0] != '"' && line[0] != '{' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		d := json.NewDecoder(strings.NewReader(line))
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		words, line = append(words, string(raw)), line[d.InputOffset():]
	}
	return words, nil
}

var errWords = errors.New("words are missing, or too many")

func (s *script) add(line int, words []string) error {
	st := step{line: line, call: words[0]}
	words = words[1:]
	arrow := len(words)
	for i, w := range words {
		if w == "->" {
			arrow = i
		}
	}
	if arrow < len(words) {
		if err := st.answers(words[arrow+1:]); err != nil {
			return err
		}
	}
	words = words[:arrow]
	var err error
	switch st.call {
	case "config":
		return s.addConfig(words)
	case "input":
		return s.addInput(words)
	case "rows":
		return s.addRows(words)
	case "query", "exec":
		st.query, err = request(words)
	case "read", "output_cursor", "close":
		if len(words) != 1 {
			return errWords
		}
		st.handle, err = strconv.ParseInt(words[0], 10, 64)
	case "log":
		if len(words) != 2 {
			return errWords
		}
		if st.handle, err = strconv.ParseInt(words[0], 10, 64); err == nil {
			err = json.Unmarshal([]byte(words[1]), &st.text)
		}
	case "fail":
		if len(words) != 1 {
			return errWords
		}
		err = json.Unmarshal([]byte(words[0]), &st.text)
	case "configure", "run":
		if len(words) != 0 {
			return errWords
		}
	default:
		return fmt.Errorf("there is no %q", st.call)
	}
	s.steps = append(s.steps, st)
	return err
}

func (s *script) addConfig(words []string) error {
	if len(words)%3 != 1 {
		return errWords
	}
	s.config.Task = words[0]
	for w := words[1:]; len(w) > 0; w = w[3:] {
		c := abi.Connection{Name: w[0], Dialect: abi.Dialect(w[1])}
		switch w[2] {
		case abi.ReadWrite.String():
			c.Access = abi.ReadWrite
		case abi.ReadOnly.String():
		default:
			return fmt.Errorf("there is no access %q", w[2])
		}
		s.config.Connections = append(s.config.Connections, c)
	}
	return nil
}

func (s *script) addInput(words []string) error {
	if len(words) != 2 {
		return errWords
	}
	v, err := value(words[1])
	s.input.Values = append(s.input.Values, abi.NamedValue{Name: words[0], Value: v})
	s.config.Inputs = append(s.config.Inputs, abi.InputDecl{Name: words[0], Type: v.Type})
	return err
}

func (s *script) addRows(words []string) error {
	if len(words) < 2 {
		return errWords
	}
	h, err := strconv.ParseInt(words[0], 10, 64)
	c := column{name: words[1]}
	for _, w := range words[2:] {
		if w == "null" {
			c.cells = append(c.cells, nil)
			continue
		}
		n, perr := strconv.ParseInt(w, 10, 64)
		c.cells, err = append(c.cells, &n), errors.Join(err, perr)
	}
	s.rows[h] = c
	return err
}

func request(words []string) (q abi.QueryRequest, err error) {
	if len(words) > 2 && words[0] == "on" {
		q.Connection, words = words[1], words[2:]
	}
	if len(words) == 0 {
		return q, errWords
	}
	if err := json.Unmarshal([]byte(words[0]), &q.SQL); err != nil {
		return q, err
	}
	for _, w := range words[1:] {
		v, err := value(w)
		if err != nil {
			return q, err
		}
		q.Params = append(q.Params, v)
	}
	return q, nil
}

// answers reads what stands behind ->.
func (st *step) answers(words []string) error {
	if len(words) == 1 {
		n, err := strconv.ParseInt(words[0], 10, 64)
		st.answer = n
		return err
	}
	if len(words) != 2 {
		return errWords
	}
	for e := abi.InvalidArg; e.String() != "UNKNOWN"; e-- {
		if e.String() == words[0] {
			st.answer, st.err.Code = int64(e), e
			return json.Unmarshal([]byte(words[1]), &st.err.Message)
		}
	}
	return fmt.Errorf("there is no errno %q", words[0])
}

// value reads {"int": 3} and the like.
func value(text string) (v abi.Value, err error) {
	var member map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := d.Decode(&member); err != nil || len(member) != 1 {
		return v, fmt.Errorf("%s is no value", text)
	}
	for kind, raw := range member {
		var flag bool
		switch kind {
		case "int":
			v.Type.Kind = abi.Int
			err = json.Unmarshal(raw, &v.Int)
		case "float":
			v.Type.Kind = abi.Float
			err = json.Unmarshal(raw, &v.Float)
		case "str":
			v.Type.Kind = abi.Str
			err = json.Unmarshal(raw, &v.Str)
		case "long":
			var n int
			v.Type.Kind = abi.Str
			err = json.Unmarshal(raw, &n)
			v.Str = strings.Repeat("x", min(max(n, 0), 1<<20))
		case "bool":
			v.Type.Kind = abi.Bool
			if err = json.Unmarshal(raw, &flag); flag {
				v.Int = 1
			}
		case "bytes":
			v.Type.Kind = abi.Bytes
			var b []byte
			var encoded string
			if err = json.Unmarshal(raw, &encoded); err == nil {
				b, err = base64.StdEncoding.DecodeString(encoded)
			}
			v.Str = string(b)
		case "null":
			v.Null, v.Type.Nullable = true, true
			var name string
			err = json.Unmarshal(raw, &name)
			for k := abi.Int; k < abi.List; k++ {
				if k.String() == name {
					v.Type.Kind = k
				}
			}
		default:
			err = fmt.Errorf("there is no value %q", kind)
		}
	}
	return v, err
}
