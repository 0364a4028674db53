// Package goconfig finds the package in which an application configures its
// authentication in Go, and runs commands on it: it builds a small program around
// the package, without writing anything into the application's tree.
package goconfig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Library is the import path of the library, Runner that of the commands.
const (
	Library = "github.com/ostiary/ostiary"
	Runner  = Library + "/runner"
)

// usual are the folders that are looked into before all others.
var usual = []string{"auth", "internal/auth", "lib/auth", "pkg/auth"}

// ErrNone is returned by [Find] when the module, if there is one, has nothing to
// do with the library.
var ErrNone = errors.New("there is no Go configuration here")

// Package is a package that exports a configuration.
type Package struct {
	// Path is its import path, Dir its folder.
	Path, Dir string
	// Function is the function that gives the configuration: Auth or Options.
	Function string
	// Shown is how people call the package: ./internal/auth.
	Shown string

	module string // the folder of its module
}

// listed is what `go list` says about a package.
type listed struct {
	Dir, ImportPath, Name string
	GoFiles, Imports      []string
	Module                *struct{ Dir, GoVersion string }
	Error                 *struct{ Err string }
}

// Find returns the package of a path such as ./internal/auth, or without one the
// package that the convention names, or else the only one of the module that
// exports a configuration.
func Find(ctx context.Context, dir, path string) (*Package, error) {
	if path != "" {
		return at(ctx, dir, path)
	}
	module := moduleFolder(dir)
	if module == "" {
		return nil, ErrNone
	}
	for _, root := range slices.Compact([]string{dir, module}) {
		for _, folder := range usual {
			if !hasGo(filepath.Join(root, folder)) {
				continue
			}
			found, err := at(ctx, dir, filepath.Join(root, folder))
			if err == nil {
				return found, nil
			}
		}
	}
	return search(ctx, dir, module)
}

// moduleFolder is the nearest folder above with a go.mod, or "".
func moduleFolder(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return ""
		}
		dir = above
	}
}

func hasGo(dir string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	return err == nil && len(files) > 0
}

// search looks through all packages of the module that use the library.
func search(ctx context.Context, dir, module string) (*Package, error) {
	packages, err := list(ctx, module, "./...")
	if err != nil {
		return nil, err
	}
	var found []*Package
	var users, problems []string
	for _, p := range packages {
		if !slices.Contains(p.Imports, Library) || strings.HasPrefix(p.ImportPath, Library+"/") {
			continue
		}
		users = append(users, shown(dir, p.Dir))
		candidate, err := p.configuration(dir)
		switch {
		case err == nil && p.Name != "main":
			found = append(found, candidate)
		case err != nil:
			problems = append(problems, err.Error())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var names []string
		for _, p := range found {
			names = append(names, p.Shown)
		}
		return nil, fmt.Errorf("several packages export a configuration: %s; say which with --config", strings.Join(names, ", "))
	case len(users) == 0:
		return nil, ErrNone
	}
	text := fmt.Sprintf("no package of this module exports a configuration, although %s uses the library.\n%s", strings.Join(users, ", "), convention)
	if len(problems) > 0 {
		text += "\n" + strings.Join(problems, "\n")
	}
	return nil, errors.New(text)
}

// convention says what is expected.
const convention = `Put this into a package of its own, such as ./internal/auth, and use it in your program:

	func Auth() (*ostiary.Auth, error) { return ostiary.New(ostiary.Options{…}) }

or "func Options() ostiary.Options". Another folder is named with --config ./path.`

// at returns the package of one folder or import path.
func at(ctx context.Context, dir, path string) (*Package, error) {
	pattern := path
	if info, err := os.Stat(inside(dir, path)); err == nil && info.IsDir() {
		if moduleFolder(inside(dir, path)) == "" {
			return nil, fmt.Errorf("%s is in no Go module: there is no go.mod above it", path)
		}
		packages, err := list(ctx, inside(dir, path), ".")
		if err != nil {
			return nil, err
		}
		return chosen(dir, packages)
	}
	if strings.HasPrefix(path, ".") || filepath.IsAbs(path) {
		return nil, fmt.Errorf("there is no folder %s", path)
	}
	packages, err := list(ctx, dir, pattern)
	if err != nil {
		return nil, err
	}
	return chosen(dir, packages)
}

func inside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func chosen(dir string, packages []listed) (*Package, error) {
	if len(packages) != 1 {
		return nil, fmt.Errorf("--config names %d packages; name one", len(packages))
	}
	p := packages[0]
	if p.Error != nil && len(p.GoFiles) == 0 {
		return nil, fmt.Errorf("%s cannot be read: %s", shown(dir, p.Dir), p.Error.Err)
	}
	found, err := p.configuration(dir)
	if err != nil {
		return nil, err
	}
	if p.Name == "main" {
		return nil, fmt.Errorf("%s is a program (package main), which nothing can import.\n%s", found.Shown, convention)
	}
	return found, nil
}

func list(ctx context.Context, dir, pattern string) ([]listed, error) {
	command := exec.CommandContext(ctx, "go", "list", "-e", "-json=Dir,ImportPath,Name,GoFiles,Imports,Module,Error", pattern) //nolint:gosec // G204: the developer's own module
	command.Dir = dir
	var complaints strings.Builder
	command.Stderr = &complaints
	answer, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("the go command is not installed, and a configuration written in Go needs it; give a configuration file with --config instead")
	}
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w\n%s", pattern, err, strings.TrimSpace(complaints.String()))
	}
	var packages []listed
	decoder := json.NewDecoder(strings.NewReader(string(answer)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the answer of go list: %w", err)
		}
		packages = append(packages, p)
	}
}

func shown(dir, folder string) string {
	relative, err := filepath.Rel(dir, folder)
	if err != nil || strings.HasPrefix(relative, "..") {
		return folder
	}
	return "./" + filepath.ToSlash(relative)
}

// configuration looks for the function that gives the configuration.
func (p *listed) configuration(dir string) (*Package, error) {
	made := &Package{Path: p.ImportPath, Dir: p.Dir, Shown: shown(dir, p.Dir)}
	if p.Module != nil {
		made.module = p.Module.Dir
	}
	var wrong []string
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("%s does not compile:\n%w", made.Shown, err)
		}
		library := nameOfLibrary(file)
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Name.Name != "Auth" && f.Name.Name != "Options" {
				continue
			}
			if !suitable(f, library) {
				wrong = append(wrong, "func "+f.Name.Name+strings.TrimPrefix(types.ExprString(f.Type), "func"))
				continue
			}
			if made.Function != "Auth" { // which is preferred: it is what the program uses
				made.Function = f.Name.Name
			}
		}
	}
	switch {
	case made.Function != "":
		return made, nil
	case len(wrong) > 0:
		return nil, fmt.Errorf("%s has %s, which does not give a configuration.\n%s", made.Shown, strings.Join(wrong, " and "), convention)
	}
	return nil, fmt.Errorf("%s exports neither Auth nor Options.\n%s", made.Shown, convention)
}

// nameOfLibrary is what a file calls the library, or "".
func nameOfLibrary(file *ast.File) string {
	for _, imported := range file.Imports {
		if path, err := strconv.Unquote(imported.Path.Value); err == nil && path == Library {
			if imported.Name != nil {
				return imported.Name.Name
			}
			return "ostiary"
		}
	}
	return ""
}

// suitable reports whether a function has one of the signatures of
// runner.Configuration.
func suitable(f *ast.FuncDecl, library string) bool {
	if library == "" || f.Type.Params.NumFields() > 0 || f.Type.TypeParams != nil || f.Type.Results == nil {
		return false
	}
	var results []string
	for _, field := range f.Type.Results.List {
		for range max(1, len(field.Names)) {
			results = append(results, types.ExprString(field.Type))
		}
	}
	want := library + ".Options"
	if f.Name.Name == "Auth" {
		want = "*" + library + ".Auth"
	}
	return results[0] == want && (len(results) == 1 || len(results) == 2 && results[1] == "error")
}
