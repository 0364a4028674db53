package migrate

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzIndexNameFitsEveryDatabase(f *testing.F) {
	f.Add("user", "email", true)
	f.Add(strings.Repeat("ä", 40), "x", false)
	f.Add("\xff\xfe", strings.Repeat("\U0001F989", 30), true)
	f.Fuzz(func(t *testing.T, table, column string, unique bool) {
		name := IndexName(table, []string{column}, unique)
		if len(name) > maxIndexName {
			t.Errorf("%d bytes", len(name))
		}
		if utf8.ValidString(table) && utf8.ValidString(column) && !utf8.ValidString(name) {
			t.Errorf("%q splits a character", name)
		}
		if name != IndexName(table, []string{column}, unique) {
			t.Error("not stable")
		}
	})
}
