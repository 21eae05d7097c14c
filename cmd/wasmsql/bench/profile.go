package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profiled does f once more, with a profile of where the processor's time
// goes, if profiles are wanted. It comes after f was measured.
func (b *bench) profiled(name string, f func() error) error {
	if b.profile == "" {
		return nil
	}
	return b.write(name+".cpu.pprof", func(file *os.File) error {
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		return f()
	})
}

// allocations writes where this process has allocated, up to now.
func (b *bench) allocations() error {
	if b.profile == "" {
		return nil
	}
	return b.write("allocs.pprof", func(file *os.File) error { return pprof.Lookup("allocs").WriteTo(file, 0) })
}

func (b *bench) write(name string, f func(*os.File) error) error {
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(b.profile, name))
	if err != nil {
		return err
	}
	return errors.Join(f(file), file.Close())
}
