package postgres

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
)

// plan is what is known of a statement before it runs. It is not changed once
// another transaction may have it.
type plan struct {
	fields []field
	specs  []spec
	rows   bool     // it returns rows, if only of no columns
	oids   []uint32 // the types of the parameters

	described []byte        // the body of the RowDescription of a planned start, or nil,
	columns   *arrow.Schema // and its schema
}

func (p *plan) formats() []int16 {
	f := make([]int16, len(p.specs))
	for i, s := range p.specs {
		f[i] = s.format()
	}
	return f
}

// same returns the plan of a planned start whose rows are described by a body, or
// nil if the body is not known to be what was planned.
func (p *plan) same(body []byte) *plan {
	if p.described != nil && bytes.Equal(p.described, body) {
		return p
	}
	return nil
}

// confirmed returns p for rows that are described by a body and fit.
func (p *plan) confirmed(body []byte, fields []field) *plan {
	q := &plan{fields: fields, specs: p.specs, rows: p.rows, oids: p.oids, described: bytes.Clone(body)}
	q.columns = q.schema()
	return q
}

// fits reports whether rows of fields can be decoded as planned.
func (p *plan) fits(fields []field, rows bool) bool {
	if rows != p.rows || len(fields) != len(p.fields) {
		return false
	}
	for i, f := range fields {
		if f.oid != p.fields[i].oid || f.mod != p.fields[i].mod {
			return false
		}
	}
	return true
}

func (p *plan) schema() *arrow.Schema {
	if p.columns != nil {
		return p.columns
	}
	fields := make([]arrow.Field, len(p.specs))
	for i, s := range p.specs {
		fields[i] = s.field(p.fields[i].name)
	}
	return arrow.NewSchema(fields, nil)
}

// readFields reads the body of a RowDescription.
func readFields(b []byte) ([]field, error) {
	r := body{b: b}
	fields := make([]field, 0, max(0, min(r.int16(), len(b)/19)))
	for range cap(fields) {
		f := field{name: strings.ToValidUTF8(r.text(), "\uFFFD")}
		r.bytes(6) // the table and the column there
		f.oid = uint32(r.int32())
		r.bytes(2) // the size
		f.mod = int32(r.int32())
		r.bytes(2) // the format
		fields = append(fields, f)
	}
	if r.bad || len(r.b) != 0 {
		return nil, errProtocol
	}
	return fields, nil
}

// plans remembers the plans of statements that were the first of their
// transaction: these run in one round trip. Any other may mean something else
// each time, after a SET LOCAL search_path for instance. A plan is a guess: what
// comes is held against it, since a table may have changed meanwhile. It is safe
// for concurrent use.
type plans struct {
	mu sync.Mutex
	m  map[string]*plan
}

const (
	maxPlans   = 256
	maxPlanSQL = 16 << 10
)

func planKey(sql string, oids []uint32) string {
	if len(oids) == 0 {
		return sql
	}
	b := make([]byte, 0, len(sql)+8*len(oids))
	for _, oid := range oids {
		b = append(strconv.AppendUint(b, uint64(oid), 10), ' ')
	}
	return string(append(append(b, 0), sql...)) // a statement holds no NUL
}

func (p *plans) get(sql string, oids []uint32) *plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.m[planKey(sql, oids)]
}

func (p *plans) put(sql string, oids []uint32, q *plan) {
	if len(sql) > maxPlanSQL || len(oids) > 64 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.m) >= maxPlans {
		clear(p.m)
	}
	p.m[planKey(sql, oids)] = q
}

func (p *plans) drop(sql string, oids []uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.m, planKey(sql, oids))
}
