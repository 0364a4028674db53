package runner

import (
	"context"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/internal/console"
)

// Info prints what a report of a problem needs to say.
type Info struct {
	JSON bool `help:"Write it as JSON."`
	// Tool is the version of the command line tool, which may differ from that of
	// the library.
	Tool string `hidden:"" help:"Version of the command line tool."`
	// From says where the configuration was found.
	From string `hidden:"" help:"Where the configuration was found."`
}

// information is what info says.
type information struct {
	System struct {
		Platform     string `json:"platform"`
		Architecture string `json:"arch"`
		CPUs         int    `json:"cpuCount"`
	} `json:"system"`
	Go struct {
		Version string `json:"version"`
	} `json:"go"`
	Ostiary struct {
		Version string `json:"version"`
		Tool    string `json:"tool,omitempty"`
		From    string `json:"from,omitempty"`
	} `json:"ostiary"`
	Database  *databaseInformation `json:"database"`
	Methods   []string             `json:"methods"`
	Plugins   []string             `json:"plugins"`
	Tables    []string             `json:"tables"`
	Endpoints int                  `json:"endpoints"`
	Config    any                  `json:"config"`
}

type databaseInformation struct {
	Adapter      string `json:"adapter"`
	Transactions bool   `json:"transactions"`
}

func (i *Info) run(_ context.Context, c *console.Console, a Application) error {
	described := i.describe(a)
	if i.JSON {
		return c.JSON(described)
	}
	database := "none: sessions live in cookies"
	if described.Database != nil {
		database = described.Database.Adapter
	}
	for _, line := range [][2]string{
		{"Ostiary", described.Ostiary.Version + part(", command line ", described.Ostiary.Tool)},
		{"Go", described.Go.Version},
		{"System", described.System.Platform + "/" + described.System.Architecture},
		{"Configuration", described.Ostiary.From},
		{"Database", database},
		{"Signing in", strings.Join(described.Methods, ", ")},
		{"Plugins", strings.Join(described.Plugins, ", ")},
		{"Tables", strings.Join(described.Tables, ", ")},
	} {
		if line[1] != "" {
			c.Say("%s %s", c.Mark(console.Bold, line[0]+":"), line[1])
		}
	}
	c.Say("%s", c.Mark(console.Bold, "Options, secrets redacted:"))
	return c.JSON(described.Config)
}

func part(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func (i *Info) describe(a Application) information {
	kernel := a.Auth.Kernel()
	var described information
	described.System.Platform, described.System.Architecture, described.System.CPUs = runtime.GOOS, runtime.GOARCH, runtime.NumCPU()
	described.Go.Version = runtime.Version()
	described.Ostiary.Version, described.Ostiary.Tool, described.Ostiary.From = Version(), i.Tool, i.From
	if config := kernel.Config(); config.Database != nil {
		capabilities := config.Database.Capabilities()
		described.Database = &databaseInformation{capabilities.Name, capabilities.Transactions}
	}
	described.Methods = methods(a.Auth)
	described.Plugins = []string{}
	for _, p := range kernel.Config().Plugins {
		if isFeature := strings.Contains(typeName(p), "/features/"); !isFeature {
			described.Plugins = append(described.Plugins, p.ID())
		}
	}
	for _, t := range kernel.DB.Schema().Tables {
		described.Tables = append(described.Tables, t.Name)
	}
	described.Endpoints = len(kernel.Endpoints())
	settings := a.Settings
	if settings == nil {
		settings = *kernel.Config()
	}
	described.Config = Redact(settings)
	return described
}

// methods are the ways of signing in that are served.
func methods(auth *ostiary.Auth) []string {
	served := []string{}
	for _, e := range auth.Kernel().Endpoints() {
		method, found := strings.CutPrefix(e.Describe().Path, "/sign-in/")
		if !found || method == "social" || method == "email" && !servesPasswords(auth.Kernel()) {
			continue
		}
		served = append(served, method)
	}
	slices.Sort(served)
	return slices.Compact(served)
}

// Version is the version of the library.
func Version() string {
	const library = "github.com/ostiary/ostiary"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range append([]*debug.Module{&build.Main}, build.Deps...) {
		if module.Path == library {
			if module.Replace != nil && module.Replace.Version != "" {
				return module.Replace.Version
			}
			return strings.Trim(module.Version, "()")
		}
	}
	return "unknown"
}
