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
var reasons = map[string]string{}
