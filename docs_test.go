package ostiary_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The documentation names tests and examples as proof: they must exist.
func TestTestsNamedInTheDocumentationExist(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	named := map[string]string{}
	declaration := regexp.MustCompile(`(?m)^func ((?:Test|Example|Benchmark|Fuzz)\w*)\(`)
	mention := regexp.MustCompile("`((?:Test|Example|Benchmark|Fuzz)[A-Z_]\\w*)`")
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && path != "."):
			return filepath.SkipDir
		case strings.HasSuffix(path, "_test.go"):
			return collect(path, declaration, func(name string) { declared[name] = true })
		case strings.HasSuffix(path, ".md"):
			return collect(path, mention, func(name string) { named[name] = path })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(named) == 0 {
		t.Error("no test is named anywhere")
	}
	for name, path := range named {
		if !declared[name] {
			t.Errorf("%s names %s, which does not exist", path, name)
		}
	}
}

// collect calls found with what a pattern captures in a file.
func collect(path string, pattern *regexp.Regexp, found func(name string)) error {
	text, err := os.ReadFile(path)
	for _, match := range pattern.FindAllSubmatch(text, -1) {
		found(string(match[1]))
	}
	return err
}
