package wasmbin

import (
	"fmt"
)

// agree checks what sections say of each other. The types of functions' bodies
// are left to the engine, which checks the rewritten module. What is checked
// here is what would otherwise be lost on the way there: an index that is
// beyond the last one names something as soon as rewriting has added to them.
func (d *decoder) agree() error {
	m := d.m
	if len(m.Functions) != len(m.Code) {
		return fmt.Errorf("%d functions are declared, %d have code", len(m.Functions), len(m.Code))
	}
	if m.HasDataCount && int64(d.dataCount) != int64(len(m.Data)) {
		return fmt.Errorf("%d data segments are declared, there are %d", d.dataCount, len(m.Data))
	}
	for i, t := range m.Functions {
		if int64(t) >= int64(len(m.Types)) {
			return fmt.Errorf("function %d has type %d, there are %d", i, t, len(m.Types))
		}
	}
	if err := m.agreeExports(); err != nil {
		return err
	}
	if m.Start && m.StartFunc >= m.funcs() {
		return fmt.Errorf("the start function is %d, there are %d", m.StartFunc, m.funcs())
	}
	for i, g := range m.Globals {
		if err := m.agreeConst(g.Init); err != nil {
			return fmt.Errorf("global %d: %w", i, err)
		}
	}
	for i, s := range m.Data {
		if err := m.agreeConst(s.Offset); err != nil {
			return fmt.Errorf("data segment %d: %w", i, err)
		}
	}
	for i, e := range m.Elements {
		if err := m.agreeElement(e); err != nil {
			return fmt.Errorf("element segment %d: %w", i, err)
		}
	}
	return nil
}

func (m *Module) agreeExports() error {
	names := make(map[string]struct{}, len(m.Exports))
	space := [4]uint32{
		KindFunc:   m.funcs(),
		KindTable:  m.imported[KindTable] + uint32(len(m.Tables)),
		KindMemory: m.imported[KindMemory] + uint32(len(m.Memories)),
		KindGlobal: m.imported[KindGlobal] + uint32(len(m.Globals)),
	}
	for _, e := range m.Exports {
		if _, twice := names[e.Name]; twice {
			return fmt.Errorf("two exports have the name %q", e.Name)
		}
		names[e.Name] = struct{}{}
		if e.Index >= space[e.Kind] {
			return fmt.Errorf("export %q is %s %d, there are %d", e.Name, e.Kind, e.Index, space[e.Kind])
		}
	}
	return nil
}

// agreeConst checks the index of a constant expression, which may be absent.
func (m *Module) agreeConst(expr []byte) error {
	if len(expr) == 0 {
		return nil
	}
	r := &reader{b: expr, p: 1, end: len(expr)}
	switch expr[0] {
	case opGlobalGet:
		if i := r.u32(); i >= m.imported[KindGlobal] {
			return fmt.Errorf("it takes global %d, %d are imported", i, m.imported[KindGlobal])
		}
	case opRefFunc:
		if i := r.u32(); i >= m.funcs() {
			return fmt.Errorf("it takes function %d, there are %d", i, m.funcs())
		}
	}
	return nil
}

func (m *Module) agreeElement(e Element) error {
	if err := m.agreeConst(e.Offset); err != nil {
		return err
	}
	r := &reader{b: e.Items, end: len(e.Items)}
	for range e.Count {
		if e.Exprs {
			if err := m.agreeConst(r.constExpr()); err != nil {
				return err
			}
		} else if i := r.u32(); i >= m.funcs() {
			return fmt.Errorf("it holds function %d, there are %d", i, m.funcs())
		}
	}
	return nil
}
