package server

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var documentedKey = regexp.MustCompile("(?m)^\\| `([A-Za-z][A-Za-z0-9.*]*)` \\|")

// documentedAs returns the key under which a key is documented: what is the
// same in several groups stands there once.
func documentedAs(key string) string {
	if _, rest, found := strings.Cut(key, ".additionalFields.*"); found {
		return "user.additionalFields.*" + rest
	}
	if attribute, found := strings.CutPrefix(key, "advanced.cookies.*.attributes."); found {
		return "advanced.defaultCookieAttributes." + attribute
	}
	return key
}

func TestEveryKeyIsDocumentedOnceAndNoOther(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, tables, _ := strings.Cut(string(text), "## Keys")
	documented := map[string]int{}
	for _, m := range documentedKey.FindAllStringSubmatch(tables, -1) {
		documented[m[1]]++
	}
	keys := Keys()
	for i, key := range keys {
		keys[i] = documentedAs(key)
		if n := documented[keys[i]]; n != 1 {
			t.Errorf("%s is documented %d times as %s", key, n, keys[i])
		}
	}
	for key := range documented {
		if !slices.Contains(keys, key) {
			t.Errorf("%s is documented, but does not exist", key)
		}
	}
}

func TestExamplesOfTheDocumentationAreConfigurations(t *testing.T) {
	t.Parallel()
	example := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	pages, err := filepath.Glob("../docs/providers/[a-z]*.md")
	if err != nil || len(pages) < 36 {
		t.Fatalf("there are %d pages of providers: %v", len(pages), err)
	}
	for _, name := range append(pages, "../docs/configuration.md", "../docs/server.md") {
		if filepath.Base(name) == "your-own.md" {
			continue // is about code
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		examples := example.FindAllStringSubmatch(string(text), -1)
		if len(examples) == 0 {
			t.Errorf("%s has no examples", name)
		}
		for _, e := range examples {
			parse(t, e[1])
		}
	}
}

func TestOptionsThatAreNotKeysSayWhy(t *testing.T) {
	t.Parallel()
	for path := range unavailable {
		if slices.Contains(Keys(), path) {
			t.Errorf("%s is a key", path)
		}
		if i := strings.LastIndexByte(path, '.'); i >= 0 && !slices.Contains(Keys(), path[:i]) {
			t.Errorf("%s is in a group that does not exist", path)
		}
	}
}
