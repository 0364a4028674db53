// Package scaffold writes the beginning of an application: a Go package that
// configures authentication and a program that serves it, or the configuration
// file of a server.
package scaffold

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed templates
var templates embed.FS

// Project says what to write.
type Project struct {
	// Kind is "go" or "server".
	Kind string
	// Dir is the folder of the Go package, or that of the configuration file,
	// relative to Root.
	Dir string
	// Name is the name of the application.
	Name string
	// Database is one of [Databases].
	Database string
	// Methods are ways of signing in: "email", or some of [Providers].
	Methods []string
	// Plugins are some of [Plugins]. For the kind "go" only.
	Plugins []string
	// Root is the folder of the project. For the kind "go" a go.mod is in it or
	// above it.
	Root string
}

// Databases are the kinds of databases; mysql is MariaDB too.
func Databases() []string { return []string{"sqlite", "postgres", "mysql"} }

// Providers are the providers of social sign-in that need nothing but a client id
// and a client secret.
func Providers() []string {
	return []string{"google", "github", "discord", "facebook", "gitlab", "linkedin", "microsoft", "slack", "spotify", "twitch"}
}

// Plugins are the plugins that need no decision.
func Plugins() []string {
	return []string{"username", "two-factor", "magic-link", "multi-session", "bearer", "jwt", "openapi"}
}

// Check lists everything that is wrong about a project.
func (p *Project) Check() error {
	var problems []error
	refuse := func(flag, value string, allowed []string) {
		problems = append(problems, fmt.Errorf("--%s: %q is not possible; use one of %s", flag, value, strings.Join(allowed, ", ")))
	}
	if !slices.Contains([]string{"go", "server"}, p.Kind) {
		refuse("kind", p.Kind, []string{"go", "server"})
	}
	if !slices.Contains(Databases(), p.Database) {
		refuse("database", p.Database, Databases())
	}
	for _, method := range p.Methods {
		if method != "email" && !slices.Contains(Providers(), method) {
			refuse("method", method, append([]string{"email"}, Providers()...))
		}
	}
	for _, plugin := range p.Plugins {
		if !slices.Contains(Plugins(), plugin) {
			refuse("plugin", plugin, Plugins())
		}
	}
	if p.Kind == "server" && len(p.Plugins) > 0 {
		problems = append(problems, errors.New("--plugin: goes with --kind go; the plugins of a server are keys of its configuration file"))
	}
	if len(p.Methods) == 0 {
		problems = append(problems, errors.New("--method: nobody could sign in; give at least one"))
	}
	return errors.Join(problems...)
}

// File is a file to write.
type File struct {
	Path string // relative to the root
	Text string
	// Secret files are for their owner only.
	Secret bool
}

// Files are the files of a project that is checked.
func (p *Project) Files() ([]File, error) {
	if p.Kind == "server" {
		return p.write(
			plan{"server.yaml.tmpl", filepath.Join(p.Dir, "ostiary.yaml"), false},
			plan{"env.tmpl", filepath.Join(p.Dir, ".env"), true},
		)
	}
	plans := []plan{{"auth.go.tmpl", filepath.Join(p.Dir, "auth.go"), false}, {"env.tmpl", ".env", true}}
	if there, err := filepath.Glob(filepath.Join(p.Root, "*.go")); err == nil && len(there) == 0 {
		plans = append(plans, plan{"main.go.tmpl", "main.go", false})
	}
	return p.write(plans...)
}

// plan is a template and where it goes.
type plan struct {
	template, path string
	secret         bool
}

func (p *Project) write(plans ...plan) ([]File, error) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: the program would end
	data := view{Project: p, Secret: hex.EncodeToString(raw[:])}
	if p.Kind == "go" {
		path, err := p.importPath()
		if err != nil {
			return nil, err
		}
		data.Import, data.Package = path, packageName(p.Dir)
	}
	all, err := template.New("").Funcs(template.FuncMap{"upper": strings.ToUpper, "quote": func(s string) string { return fmt.Sprintf("%q", s) }}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the templates: %w", err)
	}
	var files []File
	for _, plan := range plans {
		var text bytes.Buffer
		if err := all.ExecuteTemplate(&text, plan.template, data); err != nil {
			return nil, fmt.Errorf("write %s: %w", plan.path, err)
		}
		if strings.HasSuffix(plan.path, ".go") {
			formatted, err := format.Source(text.Bytes())
			if err != nil {
				return nil, fmt.Errorf("write %s: %w", plan.path, err)
			}
			text.Reset()
			text.Write(formatted)
		}
		files = append(files, File{plan.path, text.String(), plan.secret})
	}
	return files, nil
}

// view is what the templates see.
type view struct {
	*Project
	Package, Import, Secret string
}

// Has reports whether users sign in by a method, or a plugin is wanted.
func (v view) Has(name string) bool {
	return slices.Contains(v.Methods, name) || slices.Contains(v.Plugins, name)
}

// Social are the providers that were chosen.
func (v view) Social() []string {
	return slices.DeleteFunc(slices.Clone(v.Methods), func(m string) bool { return m == "email" })
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)"?`)

// importPath is the import path of the package.
func (p *Project) importPath() (string, error) {
	root, err := filepath.Abs(p.Root)
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for folder := root; ; folder = filepath.Dir(folder) {
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if errors.Is(err, fs.ErrNotExist) {
			if folder == filepath.Dir(folder) {
				return "", errors.New("there is no go.mod here or above; run: go mod init example.com/app")
			}
			continue
		}
		if err != nil {
			return "", fmt.Errorf("find the module: %w", err)
		}
		module := moduleLine.FindSubmatch(text)
		if module == nil {
			return "", fmt.Errorf("%s names no module", filepath.Join(folder, "go.mod"))
		}
		below, err := filepath.Rel(folder, filepath.Join(root, p.Dir))
		if err != nil || strings.HasPrefix(below, "..") {
			return "", fmt.Errorf("--dir: %s is outside of the module", p.Dir)
		}
		return string(module[1]) + "/" + filepath.ToSlash(below), nil
	}
}

// packageName is the name of the package in a folder.
func packageName(dir string) string {
	name := regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(strings.ToLower(filepath.Base(dir)), "")
	if name == "" || name[0] <= '9' || name == "main" {
		return "auth"
	}
	return name
}

// Write writes files into a folder. It refuses to replace any, before it writes
// one.
func Write(root string, files []File) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(root, f.Path)); err == nil {
			there = append(there, f.Path)
		}
	}
	if len(there) > 0 {
		return fmt.Errorf("%s exists already; nothing was written. Remove it, or choose another folder with --dir", strings.Join(there, " and "))
	}
	for _, f := range files {
		path, mode := filepath.Join(root, f.Path), fs.FileMode(0o644)
		if f.Secret {
			mode = 0o600
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source is for everybody
			return fmt.Errorf("create the folder: %w", err)
		}
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
		_, err = file.WriteString(f.Text)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return nil
}
