package main

import (
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version of the command and of Go.
func (*versionCommand) Run(c console) error {
	version := "development"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	c.say("ostiary %s (%s, %s/%s)", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}
