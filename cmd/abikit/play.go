package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/wasmsql/wasmsql/abi"
)

// unknown is a field that no message has, number 100. A newer minor may add
// one, so every message has it here, and a reader skips it.
var unknown = []byte{0xa0, 0x06, 0x01}

// player is a host that goes by a script.
type player struct {
	*script
	at      int // the next step
	wrong   error
	last    []byte             // the error that error_read has
	cursors map[int64][][]byte // messages that were not read yet
	spent   map[int64]bool     // closed, or handed over
}

// play runs the guest. Its error says what it did otherwise, with the line.
func (s *script) play(ctx context.Context, wasm []byte) error {
	p := &player{script: s, cursors: map[int64][][]byte{}, spent: map[int64]bool{}}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return err
	}
	b := r.NewHostModuleBuilder(abi.Module)
	for _, f := range abi.Funcs {
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			stack[0] = uint64(p.serve(f, m.Memory(), stack))
		}), types(f.Params), types(f.Result)).Export(f.Name)
	}
	if _, err := b.Instantiate(ctx); err != nil {
		return err
	}
	m, err := r.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions(abi.ExportInitialize))
	if err != nil {
		return err
	}
	for _, export := range []struct{ name, call string }{{abi.ExportConfigure, "configure"}, {abi.ExportRun, "run"}} {
		if err := p.call(ctx, m, export.name, export.call); err != nil {
			return err
		}
	}
	return nil
}

// call calls an export, if the script has it to its end.
func (p *player) call(ctx context.Context, m api.Module, export, call string) error {
	wanted := false
	for _, st := range p.steps[p.at:] {
		wanted = wanted || st.call == call
	}
	f := m.ExportedFunction(export)
	if !wanted {
		return nil
	}
	if f == nil {
		return fmt.Errorf("the guest exports no %s", export)
	}
	status, err := f.Call(ctx)
	switch {
	case p.wrong != nil:
		return p.wrong
	case err != nil:
		return fmt.Errorf("%s: %w", export, err)
	}
	st := p.steps[min(p.at, len(p.steps)-1)]
	if st.call != call {
		return fmt.Errorf("line %d: the guest has ended, and was to call %s", st.line, st.call)
	}
	if p.at++; int64(int32(status[0])) != st.answer {
		return fmt.Errorf("line %d: %s returned %d, not %d", st.line, export, int32(status[0]), st.answer)
	}
	return nil
}

func types(letters string) []api.ValueType {
	all := make([]api.ValueType, len(letters))
	for i := range letters {
		if all[i] = api.ValueTypeI32; letters[i] == 'I' {
			all[i] = api.ValueTypeI64
		}
	}
	return all
}

// errStop ends a guest that has done something else.
var errStop = errors.New("the script is over")

func (p *player) fault(format string, args ...any) {
	p.wrong = fmt.Errorf(format, args...)
	panic(errStop)
}

// serve answers a host call.
func (p *player) serve(f abi.Func, mem api.Memory, args []uint64) int64 {
	i := 0
	if strings.HasPrefix(f.Params, "I") || len(f.Params) == 3 {
		i = 1 // a handle or a level comes first
	}
	var bytes []byte
	if len(f.Params) > 1 {
		var ok bool
		if bytes, ok = mem.Read(uint32(args[i]), uint32(args[i+1])); !ok {
			p.fault("%s was given a pointer outside of memory", f.Name)
		}
	}
	switch f {
	case abi.FuncConfigRead:
		return p.fill(f, bytes, append(p.config.Marshal(), unknown...))
	case abi.FuncInputRead:
		return p.fill(f, bytes, append(p.input.Marshal(), unknown...))
	case abi.FuncErrorRead:
		if p.last == nil {
			return int64(abi.NotFound)
		}
		return p.fill(f, bytes, p.last)
	case abi.FuncCursorNext:
		return p.next(f, int64(args[0]), bytes)
	case abi.FuncQuery, abi.FuncExec:
		var q abi.QueryRequest
		if err := q.Unmarshal(bytes); err != nil {
			p.fault("%s: the request does not decode: %v", f.Name, err)
		}
		return p.ask(f, q)
	}
	return p.simple(f, args, string(bytes))
}

// fill answers by the fill rule: what does not fit is not there.
func (p *player) fill(f abi.Func, buf, data []byte) int64 {
	if len(data) <= len(buf) {
		copy(buf, data)
	}
	return int64(len(data))
}

// step returns what the guest has to do now, which is this call.
func (p *player) step(f abi.Func, what string) step {
	if p.free(f) {
		return step{}
	}
	if p.at == len(p.steps) {
		p.fault("the guest calls %s, and nothing more is wanted", what)
	}
	st := p.steps[p.at]
	if st.call != f.Name {
		p.fault("line %d: the guest calls %s, and was to call %s", st.line, what, st.call)
	}
	p.at++
	if st.answer < 0 {
		p.last = append(st.err.Marshal(), unknown...)
	}
	return st
}

// free reports whether a call is the guest's own affair: log lines, if the
// script has none, and words of its own about a failure that is wanted.
func (p *player) free(f abi.Func) bool {
	switch f {
	case abi.FuncLog:
		return !p.wants("log")
	case abi.FuncFail:
		return !p.wants("fail") && p.at < len(p.steps) && (p.steps[p.at].call == "run" || p.steps[p.at].call == "configure") && p.steps[p.at].answer != 0
	}
	return false
}

// wants reports whether the script has a call anywhere.
func (p *player) wants(call string) bool {
	for _, st := range p.steps {
		if st.call == call {
			return true
		}
	}
	return false
}

func (p *player) ask(f abi.Func, q abi.QueryRequest) int64 {
	st := p.step(f, fmt.Sprintf("%s %q", f.Name, q.SQL))
	if !reflect.DeepEqual(q, st.query) {
		p.fault("line %d: %s %+v, wanted is %+v", st.line, f.Name, q, st.query)
	}
	if f == abi.FuncQuery && st.answer >= 0 {
		p.cursors[st.answer] = messages(p.rows[st.answer])
	}
	return st.answer
}

// simple answers what has no more to it than its arguments.
func (p *player) simple(f abi.Func, args []uint64, text string) int64 {
	if h := int64(args[0]); f == abi.FuncClose && !p.wants("close") && p.cursors[h] != nil && len(p.cursors[h]) == 0 && !p.spent[h] {
		p.spent[h] = true // it was read to its end, and may be closed or not
		return 0
	}
	st := p.step(f, strings.TrimSpace(f.Name+" "+text))
	switch {
	case st.call == "":
		return 0
	case f == abi.FuncLog && (int64(int32(args[0])) != st.handle || text != st.text):
		p.fault("line %d: log %d %q, wanted is %d %q", st.line, int32(args[0]), text, st.handle, st.text)
	case f == abi.FuncFail && text != st.text:
		p.fault("line %d: fail %q, wanted is %q", st.line, text, st.text)
	case f == abi.FuncOutputCursor || f == abi.FuncClose:
		h := int64(args[0])
		if h != st.handle {
			p.fault("line %d: %s %d, wanted is %d", st.line, f.Name, h, st.handle)
		}
		if p.spent[h] || p.cursors[h] == nil {
			p.fault("line %d: %s of %d, which is not open", st.line, f.Name, h)
		}
		p.spent[h] = st.answer >= 0
	}
	return st.answer
}

// next answers cursor_next.
func (p *player) next(f abi.Func, h int64, buf []byte) int64 {
	left, open := p.cursors[h]
	if !open || p.spent[h] {
		p.fault("the guest reads rows of %d, which is not open", h)
	}
	if len(left) == 0 {
		if st := p.steps[min(p.at, len(p.steps)-1)]; st.call == "read" && st.handle == h {
			p.at++
		}
		return 0
	}
	n := p.fill(f, buf, left[0])
	if n <= int64(len(buf)) {
		p.cursors[h] = left[1:]
	}
	return n
}

// messages returns the Arrow IPC messages of a cursor: the schema, and a batch
// for each two rows.
func messages(c column) [][]byte {
	schema := arrow.NewSchema([]arrow.Field{{Name: c.name, Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil)
	var b bytes.Buffer
	w := ipc.NewWriter(&b, ipc.WithSchema(schema))
	all := [][]byte{}
	cut := func() {
		all = append(all, bytes.Clone(b.Bytes()))
		b.Reset()
	}
	batch := func(cells []*int64) {
		rb := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		defer rb.Release()
		for _, v := range cells {
			if v == nil {
				rb.Field(0).AppendNull()
				continue
			}
			rb.Field(0).(*array.Int64Builder).Append(*v)
		}
		rec := rb.NewRecord()
		defer rec.Release()
		_ = w.Write(rec) // a buffer takes all
	}
	batch(nil) // the writer puts the schema before its first batch
	schemaSize := int(8 + uint32(b.Bytes()[4]) + uint32(b.Bytes()[5])<<8)
	b.Truncate(schemaSize)
	cut()
	for len(c.cells) > 0 {
		n := min(2, len(c.cells))
		batch(c.cells[:n])
		cut()
		c.cells = c.cells[n:]
	}
	return all
}
