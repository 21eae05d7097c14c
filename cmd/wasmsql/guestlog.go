package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// guestLog is a slog.Handler that prints warnings and errors, which is what a
// guest has to say to the one who runs it. It is safe for concurrent use as
// far as its writer is.
type guestLog struct{ w io.Writer }

// Enabled implements slog.Handler.
func (*guestLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// Handle implements slog.Handler.
func (g *guestLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "from" {
			text = a.Value.String() + ": " + text
		}
		return true
	})
	_, err := fmt.Fprintf(g.w, "wasmsql: warning: %s\n", fault.Printable(text))
	return err
}

// WithAttrs implements slog.Handler. Attributes of a logger say nothing new
// to a program that runs one task.
func (g *guestLog) WithAttrs([]slog.Attr) slog.Handler { return g }

// WithGroup implements slog.Handler.
func (g *guestLog) WithGroup(string) slog.Handler { return g }
