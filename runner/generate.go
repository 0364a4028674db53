package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/internal/generate"
)

// Generate writes the tables as the source of another tool.
type Generate struct {
	Target  string `short:"t" placeholder:"TOOL" help:"What to write: sql, sqlc, gorm, ent, bun, prisma or drizzle. Default: sql."`
	Dialect string `placeholder:"KIND" help:"Kind of database: sqlite, postgres, mysql or mssql. Default: that of the configuration."`
	Output  string `short:"o" placeholder:"FILE" help:"File or directory to write to; - is standard output. Default: the usual file of the tool, in the current directory."`
	Package string `placeholder:"NAME" help:"Name of the Go package, for gorm, ent and bun."`
	Full    bool   `help:"For sql: all tables, instead of what the configured database lacks."`
	Yes     bool   `short:"y" help:"Do not ask before a file is changed."`
	JSON    bool   `help:"Write what was done as JSON, and ask nothing: a file that exists is changed with --yes only."`
}

func (g *Generate) run(ctx context.Context, c *console.Console, a Application) error {
	if g.Target == "" {
		g.Target = "sql"
	}
	target, err := generate.TargetOf(g.Target)
	if err != nil {
		return err
	}
	request := generate.Request{Schema: a.Auth.Kernel().DB.Schema(), Dialect: g.Dialect, Package: g.Package, PrismaMajor: prismaMajor()}
	configured := ""
	if db := a.Auth.Kernel().Config().Database; db != nil && definition.Known(db.Capabilities().Name) {
		configured = db.Capabilities().Name
	}
	if request.Dialect == "" {
		request.Dialect = configured
	}
	if request.Dialect == "" {
		return fmt.Errorf("no SQL database is configured: say with --dialect which kind to write for (%s)", strings.Join(definition.Names(), ", "))
	}
	if _, err := definition.Of(request.Dialect); err != nil {
		return fmt.Errorf("--dialect: %w", err)
	}
	if g.Package != "" && !goName.MatchString(g.Package) {
		return fmt.Errorf("--package: %q cannot name a Go package", g.Package)
	}
	if target.Name == "sql" && !g.Full && request.Dialect == configured {
		return g.changes(ctx, c, a)
	}
	path := g.path(target.File)
	existing, err := read(path)
	if err != nil {
		return err
	}
	text, err := target.Write(request, existing)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return g.write(c, path, existing, text)
}

var goName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// changes writes the statements that the configured database lacks.
func (g *Generate) changes(ctx context.Context, c *console.Console, a Application) error {
	plan, err := a.Auth.Plan(ctx)
	if err != nil {
		return fmt.Errorf("%w\nWith --full all tables are written, without looking at the database", explain(err))
	}
	text := generate.Changes(plan)
	if text == "" {
		return g.report(c, "", "The database has everything already; there is nothing to write. With --full all tables are written.")
	}
	path := g.path(a.Auth.Kernel().Now().UTC().Format("20060102T150405Z") + ".sql")
	existing, err := read(path)
	if err != nil {
		return err
	}
	return g.write(c, path, existing, text)
}

// path is the file to write to; "-" is standard output.
func (g *Generate) path(usual string) string {
	switch {
	case g.Output == "":
		return usual
	case g.Output == "-":
		return "-"
	}
	if info, err := os.Stat(g.Output); err == nil && info.IsDir() || strings.HasSuffix(g.Output, "/") {
		return filepath.Join(g.Output, usual)
	}
	return g.Output
}

func read(path string) (string, error) {
	if path == "-" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read what is there: %w", err)
	}
	return string(text), nil
}

func (g *Generate) write(c *console.Console, path, existing, text string) error {
	if path == "-" {
		_, err := fmt.Fprint(c.Out, text)
		return err
	}
	if existing == text {
		return g.report(c, "", path+" is up to date already.")
	}
	if existing != "" && !g.Yes {
		if g.JSON {
			return fmt.Errorf("%s exists; pass --yes to change it", path)
		}
		yes, err := c.Confirm(fmt.Sprintf("%s exists. Change it?", path))
		if !yes {
			return errors.Join(errors.New("nothing was changed: answer yes, or pass --yes"), err)
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("create the directory: %w", err)
	}
	if err := replace(path, text); err != nil {
		return err
	}
	return g.report(c, path, "Wrote "+path+".")
}

// replace writes a file so that it is never half there.
func replace(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".ostiary-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	mode := fs.FileMode(0o644)
	if info, statErr := os.Stat(path); statErr == nil {
		mode = info.Mode().Perm()
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(mode), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func (g *Generate) report(c *console.Console, path, text string) error {
	if g.JSON {
		return c.JSON(struct {
			File    string `json:"file"`
			Changed bool   `json:"changed"`
		}{path, path != ""})
	}
	c.Say("%s", text)
	return nil
}

var firstNumber = regexp.MustCompile(`\d+`)

// prismaMajor is the major version of Prisma that the package.json of the current
// directory asks for; 0 when it does not.
func prismaMajor() int {
	text, err := os.ReadFile("package.json")
	if err != nil {
		return 0
	}
	var manifest struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if json.Unmarshal(text, &manifest) != nil {
		return 0
	}
	for _, name := range []string{"prisma", "@prisma/client"} {
		for _, list := range []map[string]string{manifest.DevDependencies, manifest.Dependencies} {
			if major, err := strconv.Atoi(firstNumber.FindString(list[name])); err == nil {
				return major
			}
		}
	}
	return 0
}
