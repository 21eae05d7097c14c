// Package flyte runs tasks that flytekit's SQLAlchemy plugin has registered
// with Flyte: the same templates, inputs, outputs and error documents, without
// Python.
//
// What of flytekit is kept, and where and why this differs, stands in this
// folder's README.md. The messages are those of flyteidl, Flyte 1's interface
// definition; Flyte 2 kept their numbers.
package flyte

import (
	"fmt"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"
)

// ReadTemplate decodes a serialized TaskTemplate: the file task.pb beside a
// node's inputs.
func ReadTemplate(data []byte) (*core.TaskTemplate, error) {
	t := &core.TaskTemplate{}
	if err := proto.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("the task template is malformed: %w", err)
	}
	return t, nil
}
