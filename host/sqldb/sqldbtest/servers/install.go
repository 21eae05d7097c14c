//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
)

// policyFile says to Debian's packages whether they may start their services:
// one that exits with 101 forbids it.
//
// Source: Debian, /usr/share/doc/init-system-helpers/README.policy-rc.d.gz.
const policyFile = "/usr/sbin/policy-rc.d"

// install installs packages of Debian without starting their servers, where
// that can be done, and reports whether it has.
func install(packages string) bool {
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return false
	}
	policy, err := os.OpenFile(policyFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err == nil {
		_, err = policy.WriteString("#!/bin/sh\nexit 101\n")
		_ = policy.Close()
		defer func() { _ = os.Remove(policyFile) }()
	}
	if err != nil && !os.IsExist(err) {
		return false
	}
	fmt.Fprintln(os.Stderr, "servers: installing", packages)
	args := []string{"-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", packages}
	if aptGet(apt, args...) == nil {
		return true
	}
	// The lists of packages may be absent or old.
	return aptGet(apt, "update") == nil && aptGet(apt, args...) == nil
}

func aptGet(apt string, args ...string) error {
	cmd := exec.Command(apt, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
