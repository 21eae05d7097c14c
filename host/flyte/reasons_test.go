package flyte_test

import "github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

// columnsOf returns the names of the columns that literals declare.
func columnsOf(m *core.LiteralMap) []string {
	var out []string
	for _, lit := range m.Literals {
		for _, c := range lit.GetScalar().GetStructuredDataset().GetMetadata().GetStructuredDatasetType().GetColumns() {
			out = append(out, c.Name)
		}
	}
	return out
}

// reasons says why an execution ends otherwise than flytekit's.
var reasons = map[string]string{
	"036-times-timetz-postgres":                         "a timetz keeps its offset, as text; pandas drops it",
	"042-decimals-affinity-sqlite":                      "an integer that no double equals, in a column of reals, is an error and not another number",
	"051-json-object-postgres":                          "json stays a document: what a column is does not depend on what is in it",
	"053-json-mixed-postgres":                           "json stays a document, so documents of several kinds are no trouble",
	"055-json-scalars-postgres":                         "json stays a document: null of JSON is not NULL of SQL",
	"065-mixed-column-blob-and-text-sqlite":             "blobs and texts in one column are an error and not all bytes: CAST decides",
	"070-no-columns-one-row-postgres":                   "a result without columns is taken for a statement without rows",
	"089-inputs-optional-none-sqlite":                   "a value is bound, not spliced: None is NULL and not the text None",
	"092-inputs-structured-enum-sqlite":                 "a value is bound, not spliced: an enum is its value and not Python's name of it",
	"094-inputs-structured-dataclass-sqlite":            "a value is bound, not spliced, and double quotes are for names: write single ones, and get JSON",
	"096-inputs-structured-dataclass-nested-postgres":   "a value is bound, not spliced, which cannot be within dollar quotes: write single ones, and get JSON",
	"097-injection-second-order-sqlite":                 "a value is bound, not spliced: what looks like a place in it is text",
	"099-injection-union-postgres":                      "a value is bound, not spliced: SQL in it is text",
	"151-secret-order-mount-requirement-ignored-sqlite": "mount_requirement is honoured: a secret that must be a file is not taken from the environment",
	"170-runtime-error-raise-mysql":                     "SIGNAL outside of a routine is no statement that a task may send; the error names it",
	"181-colons-bind-sqlite":                            "a :name in a literal is text where values are bound: there is no text() that could take it for a parameter",
	"186-colons-array-slice-postgres":                   "a slice is a slice where values are bound: there is no text() that could take it for a parameter",
	"188-colons-in-values-bind-sqlite":                  "a value is bound, not spliced: a colon in it is text",
	"200-several-statements-write-last-postgres":        "rows of a statement before the last are an error and not dropped; nothing is kept either way",
	"235-output-columns-list-and-struct-mysql":          "a declared column that the result does not have is left out of the literal: readers would ask the file for it, and fail",
	"238-output-mismatch-annotated-sqlite":              "a declared column that the result does not have is left out of the literal: readers would ask the file for it, and fail",
}

// textReasons says why an execution ends otherwise than flytekit's where values
// are spliced as it does.
var textReasons = map[string]string{
	"094-inputs-structured-dataclass-sqlite": "what stands in double quotes is a name here, and never a text for want of such a column",
}
