package template

// endItem ends an item of ORDER BY or GROUP BY before a token, and reports it
// if it is a value and nothing else: that would sort or group by a constant.
func (n *namer) endItem(k int) {
	f := n.top()
	if f.clause != inOrder {
		return
	}
	n.constant(f.item, k)
	f.item = k + 1
}

// constant reports the values among the tokens from i to end if they are a
// whole item, whatever parentheses, signs and casts stand around them.
func (n *namer) constant(i, end int) {
	end = n.withoutDirection(i, end)
	for i < end && (n.punct(i, '-') || n.punct(i, '+')) {
		i++
	}
	if words(" ROLLUP CUBE ").has(n.at(i).word) {
		i++
	} else if n.at(i).word == "GROUPING" && n.at(i+1).word == "SETS" {
		i += 2
	}
	if i >= end {
		return
	}
	if n.punct(i, '(') {
		n.parenthesized(i, end)
		return
	}
	last := end - 1
	switch {
	case n.value(i) && (i == last || n.cast(i+1) && n.castsOnly(i+1, end)):
		n.refuseItem(i)
	case n.value(last) && n.typeBefore(last) == i:
		n.refuseItem(last)
	case n.at(i).word == "CAST" && n.punct(i+1, '(') && n.value(i+2) && n.at(i+3).word == "AS" && n.match(i+1, end) == last:
		n.refuseItem(i + 2)
	}
}

func (n *namer) refuseItem(k int) {
	n.refuse(k, "a value as a whole item of ORDER BY, GROUP BY or PARTITION BY is a constant", identHint)
}

// withoutDirection returns the end of an item without ASC, DESC, NULLS FIRST
// or LAST, and COLLATE.
func (n *namer) withoutDirection(i, end int) int {
	for end > i {
		last, second := n.at(end-1), n.at(end-2)
		switch {
		case last.word == "ASC" || last.word == "DESC":
			end--
		case second.word == "NULLS" && (last.word == "FIRST" || last.word == "LAST"), second.word == "COLLATE":
			end -= 2
		case n.at(end-2).kind == sPunct && n.at(end-3).word == "USING":
			end -= 3
		case second.word == "WITH" && last.word == "ROLLUP":
			end -= 2
		default:
			return end
		}
	}
	return end
}

// parenthesized looks at the items of (a, b) if nothing follows it.
func (n *namer) parenthesized(i, end int) {
	close := n.match(i, end)
	if close < 0 || close != end-1 && !(n.cast(close+1) && n.castsOnly(close+1, end)) {
		return
	}
	if n.at(i+1).word == "SELECT" || n.at(i+1).word == "WITH" || n.at(i+1).word == "VALUES" {
		return
	}
	depth, from := 0, i+1
	for k := i + 1; k <= close; k++ {
		switch {
		case n.punct(k, '('):
			depth++
		case k == close, n.punct(k, ',') && depth == 0:
			n.constant(from, k)
			from = k + 1
		case n.punct(k, ')'):
			depth--
		}
	}
}

// match returns the token that closes the parenthesis at i, or -1.
func (n *namer) match(i, end int) int {
	depth := 0
	for ; i < end; i++ {
		switch {
		case n.punct(i, '('):
			depth++
		case n.punct(i, ')'):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// castsOnly reports whether tokens are ::type, any number of times.
func (n *namer) castsOnly(i, end int) bool {
	for ; i < end; i++ {
		t := n.at(i)
		if t.kind != sWord && t.kind != sQuoted && t.kind != sNumber && !n.cast(i) &&
			!n.punct(i, '(') && !n.punct(i, ')') && !n.punct(i, ',') && !n.punct(i, '[') && !n.punct(i, ']') && !n.punct(i, '.') {
			return false
		}
	}
	return true
}

// typeBefore returns the first token of the type that makes the literal at k a
// typed one, or k.
func (n *namer) typeBefore(k int) int {
	if n.t[k].kind != sString {
		return k
	}
	return typeBefore(n.sql, n.d, n.t, k)
}
