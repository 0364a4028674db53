package main

import (
	"runtime"
	"runtime/debug"

	"github.com/ostiary/ostiary/internal/console"
)

type versionCommand struct {
	JSON bool `help:"Write it as JSON."`
}

// Run prints the version of the command and of Go.
func (v *versionCommand) Run(c *console.Console) error {
	if v.JSON {
		return c.JSON(map[string]string{"ostiary": version(), "go": runtime.Version(), "platform": runtime.GOOS, "arch": runtime.GOARCH})
	}
	c.Say("ostiary %s (%s, %s/%s)", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// version is the version of this command.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "development"
}
