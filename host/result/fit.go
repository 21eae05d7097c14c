package result

// narrowest is the width down to which a column of text is cut.
const narrowest = 8

// fit sets the final widths of the columns. Where the width is known, the
// widest columns of text give way first; if even then not all fit, the last
// columns are not shown. The first always is.
func (e *tableEncoder) fit() {
	if !e.o.Terminal || e.o.Width <= 0 {
		if !e.o.Terminal {
			for i := range e.cols {
				e.cols[i].width = min(e.cols[i].width, max(widest, e.cols[i].name.width))
			}
		}
		return
	}
	all := len(e.cols)
	for len(e.cols) > 1 && e.total(narrowest) > e.o.Width {
		e.cols = e.cols[:len(e.cols)-1]
	}
	e.dropped = all - len(e.cols)
	limit := narrowest
	for most := e.widestColumn(); limit < most && e.total(limit+1) <= e.o.Width; {
		limit++
	}
	for i, c := range e.cols {
		e.cols[i].width = min(c.limited(limit), e.o.Width)
	}
}

// limited returns the column's width where no column of text is wider than
// limit.
func (c tableColumn) limited(limit int) int {
	if c.rigid {
		return c.width
	}
	return min(c.width, limit)
}

func (e *tableEncoder) total(limit int) int {
	n := 0
	for i, c := range e.cols {
		if i > 0 {
			n += len(gap)
		}
		n += c.limited(limit)
	}
	return n
}

func (e *tableEncoder) widestColumn() int {
	n := 0
	for _, c := range e.cols {
		n = max(n, c.width)
	}
	return n
}
