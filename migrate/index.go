package migrate

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxIndexName is the longest name, in bytes, that every database accepts.
const maxIndexName = 63

// IndexName is the name that Better Auth 1.7 gives to an index: the names of the
// table and the columns, or when that is too long its beginning and a hash.
func IndexName(table string, columns []string, unique bool) string {
	suffix := "_idx"
	if unique {
		suffix = "_uidx"
	}
	stem := table + "_" + strings.Join(columns, "_")
	if len(stem)+len(suffix) <= maxIndexName {
		return stem + suffix
	}
	suffix = fmt.Sprintf("_%08x%s", hash(stem+suffix), suffix)
	cut := maxIndexName - len(suffix)
	for cut > 0 && !utf8.RuneStart(stem[cut]) {
		cut--
	}
	return stem[:cut] + suffix
}

// hash is 32-bit FNV-1a over UTF-16 code units.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for _, unit := range utf16.Encode([]rune(s)) {
		h ^= uint32(unit)
		h *= 16777619
	}
	return h
}

func validIndexName(name string) bool {
	if len(name) > maxIndexName {
		return false
	}
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}
