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
	var page strings.Builder
	if err := pageTemplate.Execute(&page, pageData{App: "</title><script>", Code: "X", Description: "</p><script>"}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script") || !strings.Contains(page.String(), "<style>"+style+"</style>") {
		t.Errorf("the page is %s", page.String())
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
