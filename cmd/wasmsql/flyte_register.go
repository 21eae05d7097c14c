package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/register"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// flyteRegisterCommand is wasmsql flyte register-template.
func (a *app) flyteRegisterCommand() *cobra.Command {
	var own manifest.Flyte
	var file string
	var spec bool
	cmd := &cobra.Command{
		Use:                   "register-template [flags] TASK",
		DisableFlagsInUseLine: true,
		Short:                 "write the TaskTemplate that flytekit would register for a task",
		Long: `Write the serialized TaskTemplate that flytekit's SQLAlchemy plugin would
register for a task of a task file. With --spec it is a TaskSpec, which is what
flytectl register files takes.

What is not said, by flags or in the file's flyte:, of project, domain and
version is left for flytectl to fill in. The secrets of secret_connect_args are
requested, so that Flyte mounts them.`,
		Example: `  wasmsql flyte register-template task.yaml --image registry/wasmsql:1 -f task.pb
  wasmsql flyte register-template tasks.yaml#orders --spec -f 0_orders_1.pb
  flytectl register files --project p --domain development --version v1 0_orders_1.pb`,
		Args: command.Exactly("TASK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			t, err := a.flyteTask(cmd, args[0])
			if err != nil {
				return err
			}
			t.Project, t.Domain = cmp.Or(own.Project, t.Project), cmp.Or(own.Domain, t.Domain)
			t.Version, t.Image = cmp.Or(own.Version, t.Version), cmp.Or(own.Image, t.Image)
			template, err := register.Template(t)
			if err != nil {
				return err
			}
			encode := register.Marshal
			if spec {
				encode = register.MarshalSpec
			}
			data, err := encode(template)
			if err != nil {
				return err
			}
			if file == "" && isTerminal(a.stdout) {
				return fault.Usage("a template is not for a terminal", "name a file: -f task.pb")
			}
			return a.writeFile(cmd, file, data)
		},
		ValidArgsFunction: completeTask,
	}
	f := cmd.Flags()
	f.StringVarP(&file, "output-file", "f", "", "write to this file instead of standard output")
	f.BoolVar(&spec, "spec", false, "write a TaskSpec, for flytectl")
	f.StringVar(&own.Image, "image", "", "the image of the task's container")
	f.StringVar(&own.Project, "project", "", "the project to register in")
	f.StringVar(&own.Domain, "domain", "", "the domain to register in")
	f.StringVar(&own.Version, "version", "", "the version to register")
	return cmd
}

// flyteTask returns the task that TASK names, with what only Flyte knows.
func (a *app) flyteTask(cmd *cobra.Command, arg string) (manifest.FlyteTask, error) {
	file, name := splitPick(arg)
	data, err := a.read(cmd.Context(), "task file", file)
	if err != nil {
		return manifest.FlyteTask{}, err
	}
	all, err := manifest.ReadFlyteTasks(label(file), data)
	if err != nil {
		return manifest.FlyteTask{}, err
	}
	tasks := make([]host.Task, len(all))
	for i, t := range all {
		tasks[i] = t.Task
	}
	picked, err := pick(file, name, tasks)
	if err != nil {
		return manifest.FlyteTask{}, err
	}
	for _, t := range all {
		if t.Name == picked.Name {
			return t, nil
		}
	}
	return manifest.FlyteTask{}, nil // pick returned one of them
}

// flyteImportCommand is wasmsql flyte import.
func (a *app) flyteImportCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:                   "import [flags] TEMPLATE",
		DisableFlagsInUseLine: true,
		Short:                 "write the task file of a TaskTemplate",
		Long: `Write the task file of a TaskTemplate that flytekit's SQLAlchemy plugin has
registered, such as the task.pb beside an execution's inputs. What a task file
has no word for stands in its flyte.template, so that register-template makes
the same template again.`,
		Example: `  wasmsql flyte import task.pb
  wasmsql flyte import task.pb -f task.yaml && wasmsql run task.yaml -i limit=10`,
		Args: command.Exactly("TEMPLATE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			data, err := a.read(cmd.Context(), "template", args[0])
			if err != nil {
				return err
			}
			template, err := flyte.ReadTemplate(data)
			if err != nil || template.GetType() == "" {
				return fault.Config(fmt.Sprintf("%s is no serialized TaskTemplate", command.Shown(label(args[0]))), "it is the file task.pb beside the inputs of an execution")
			}
			text, err := register.TaskFile(template)
			if err != nil {
				return err
			}
			return a.writeFile(cmd, file, text)
		},
	}
	cmd.Flags().StringVarP(&file, "output-file", "f", "", "write to this file instead of standard output")
	return cmd
}

// writeFile writes a whole file, or standard output for "".
func (a *app) writeFile(cmd *cobra.Command, name string, data []byte) error {
	if name == "" {
		return a.print(data)
	}
	o, err := storage.Files{}.Create(cmd.Context(), name)
	if err == nil {
		defer o.Abort()
		if _, err = o.Write(data); err == nil {
			err = o.Close()
		}
	}
	if err == nil {
		return nil
	}
	why := err.Error()
	if info, e := os.Stat(name); e == nil && info.IsDir() {
		why = "it is a folder"
	} else if errors.Is(err, fs.ErrPermission) {
		why = "permission denied"
	}
	return &host.Error{Code: host.CodeOutput, Message: fmt.Sprintf("%s cannot be written: %s", command.Shown(name), why), Cause: err}
}
