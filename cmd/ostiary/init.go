package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"charm.land/huh/v2"

	"github.com/ostiary/ostiary/cmd/ostiary/internal/scaffold"
	"github.com/ostiary/ostiary/internal/console"
)

type initCommand struct {
	Kind     string   `help:"What to write: go (a Go package, and a program if there is none) or server (a configuration file). Default: go where there is a go.mod."`
	Dir      string   `help:"Folder of the Go package, or of the configuration file. Default: ./internal/auth, or the current folder."`
	Name     string   `help:"Name of the application. Default: that of the current folder."`
	Database string   `help:"Kind of database: sqlite, postgres or, for Go programs, mysql. Default: sqlite."`
	Method   []string `placeholder:"NAME" help:"Ways of signing in: email, google, github, discord, facebook, gitlab, linkedin, microsoft, slack, spotify, twitch. Default: email."`
	Plugin   []string `placeholder:"NAME" help:"Plugins: username, two-factor, magic-link, multi-session, bearer, jwt, openapi."`
	Yes      bool     `short:"y" help:"Ask nothing: what is not given has its default."`
	JSON     bool     `help:"Write what was done as JSON, and ask nothing."`
}

// Run asks what is not given, where there is somebody to ask, and writes.
func (i *initCommand) Run(ctx context.Context, c *console.Console) error {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	p := i.project(root)
	if c.Interactive && !i.Yes && !i.JSON {
		if err := i.ask(ctx, p); err != nil {
			return err
		}
	}
	if err := p.Check(); err != nil {
		return err
	}
	if p.Dir == "" {
		p.Dir = map[string]string{"go": filepath.Join("internal", "auth"), "server": "."}[p.Kind]
	}
	files, err := p.Files()
	if err != nil {
		return err
	}
	if err := scaffold.Write(root, files); err != nil {
		return err
	}
	return i.report(c, p, files)
}

// project is what the flags say, with defaults.
func (i *initCommand) project(root string) *scaffold.Project {
	p := &scaffold.Project{Kind: i.Kind, Dir: i.Dir, Name: i.Name, Database: i.Database, Methods: i.Method, Plugins: i.Plugin, Root: root}
	if p.Kind == "" {
		p.Kind = "server"
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			p.Kind = "go"
		}
	}
	if p.Name == "" {
		p.Name = filepath.Base(root)
	}
	if p.Database == "" {
		p.Database = "sqlite"
	}
	if len(p.Methods) == 0 {
		p.Methods = []string{"email"}
	}
	return p
}

// ask asks what no flag says.
func (i *initCommand) ask(ctx context.Context, p *scaffold.Project) error {
	var questions []*huh.Group
	if i.Kind == "" {
		questions = append(questions, huh.NewGroup(huh.NewSelect[string]().Title("What are you building?").Value(&p.Kind).
			Options(huh.NewOption("A Go program with authentication in it", "go"), huh.NewOption("A server of its own, configured by a file", "server"))))
	}
	if i.Name == "" {
		questions = append(questions, huh.NewGroup(huh.NewInput().Title("What is the application called?").Value(&p.Name)))
	}
	if i.Database == "" {
		questions = append(questions, huh.NewGroup(huh.NewSelect[string]().Title("Which database?").Value(&p.Database).
			Options(huh.NewOption("SQLite, a file", "sqlite"), huh.NewOption("PostgreSQL", "postgres"), huh.NewOption("MySQL or MariaDB, for Go programs", "mysql"))))
	}
	if len(i.Method) == 0 {
		methods := append([]string{"email"}, scaffold.Providers()...)
		questions = append(questions, huh.NewGroup(huh.NewMultiSelect[string]().Title("How do users sign in?").Value(&p.Methods).Options(huh.NewOptions(methods...)...)))
	}
	if len(i.Plugin) == 0 {
		plugins := huh.NewGroup(huh.NewMultiSelect[string]().Title("Which plugins?").Value(&p.Plugins).Options(huh.NewOptions(scaffold.Plugins()...)...)).
			WithHideFunc(func() bool { return p.Kind != "go" })
		questions = append(questions, plugins)
	}
	if len(questions) == 0 {
		return nil
	}
	if err := huh.NewForm(questions...).RunWithContext(ctx); err != nil {
		return errors.New("nothing was written: the questions were not answered")
	}
	return nil
}

func (i *initCommand) report(c *console.Console, p *scaffold.Project, files []scaffold.File) error {
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	steps := nextSteps(p, names)
	if i.JSON {
		return c.JSON(struct {
			Files []string `json:"files"`
			Next  []string `json:"next"`
		}{names, steps})
	}
	c.Say("%s %s\n\nNext:", c.Mark(console.Green, "Wrote"), strings.Join(names, ", "))
	for _, step := range steps {
		c.Say("  %s", step)
	}
	return nil
}

func nextSteps(p *scaffold.Project, names []string) []string {
	steps := []string{"echo .env >> .gitignore"}
	if p.Database != "sqlite" {
		steps = append(steps, "put the address of your database into .env")
	}
	if p.Kind == "server" {
		file := filepath.Join(p.Dir, "ostiary.yaml")
		env := filepath.Join(p.Dir, ".env")
		return append(steps, fmt.Sprintf("ostiary doctor --config %s --env-file %s", file, env), fmt.Sprintf("ostiary serve --config %s --env-file %s", file, env))
	}
	steps = append(steps, "go get github.com/ostiary/ostiary && go mod tidy", "ostiary migrate --env-file .env")
	if slices.Contains(names, "main.go") {
		return append(steps, "set -a; . ./.env; set +a; go run .")
	}
	return append(steps, "mount it: mux.Handle(\"/api/auth/\", auth)")
}
