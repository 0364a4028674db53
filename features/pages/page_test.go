package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestTheStyleIsTheOneThatThePolicyAllows(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(style))
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != styleHash {
		t.Errorf("styleHash is %s, want %s", styleHash, got)
	}
	page := string(pageData{App: "</title><script>{{style}}", Code: "X", Description: "</p><script>{{app}}"}.html())
	if strings.Contains(page, "<script") || strings.Count(page, style) != 1 || !strings.Contains(page, "<style>"+style+"</style>") {
		t.Errorf("the page is %s", page)
	}
}

func FuzzSafeCode(f *testing.F) {
	for _, code := range []string{"", "ok", "a'b", "<", "x y", "é", strings.Repeat("x", 101)} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		if safe := safeCode(code); strings.ContainsAny(safe, "<>\"&\r\n \\/") || safe == "" || len(safe) > 100 {
			t.Errorf("safeCode(%q) = %q", code, safe)
		}
	})
}
