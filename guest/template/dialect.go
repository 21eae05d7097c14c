package template

import "github.com/wasmsql/wasmsql/abi"

// dialect is what the template language must know of a family of SQL. The
// facts are of PostgreSQL 12-17 with standard_conforming_strings, MySQL 5.7-9
// and MariaDB 10-11 without ANSI_QUOTES, and SQLite 3.
type dialect struct {
	name      abi.Dialect
	maxParams int  // of one statement
	quote     byte // around an identifier

	backslash     bool // in '…' and "…"
	doubleStrings bool // "…" is a string, not an identifier
	backticks     bool // `…` is an identifier
	brackets      bool // […] is an identifier
	dollarQuotes  bool // $tag$…$tag$
	nestedComment bool // /* /* */ */
	hashComment   bool // # to the end of the line
	dashSpace     bool // -- needs white space behind it
	execComment   bool // /*! … */ is executed
	arrays        bool // a list can be a parameter
}

var postgres = dialect{
	name: abi.Postgres, maxParams: 65535, quote: '"',
	dollarQuotes: true, nestedComment: true, arrays: true,
}

var mysql = dialect{
	name: abi.MySQL, maxParams: 65535, quote: '`',
	backslash: true, doubleStrings: true, backticks: true,
	hashComment: true, dashSpace: true, execComment: true,
}

var sqlite = dialect{
	name: abi.SQLite, maxParams: 32766, quote: '"',
	backticks: true, brackets: true,
}

// dialectOf returns what is known of a dialect, or nil.
func dialectOf(d abi.Dialect) *dialect {
	switch d {
	case abi.Postgres:
		return &postgres
	case abi.MySQL:
		return &mysql
	case abi.SQLite:
		return &sqlite
	}
	return nil
}
