package core

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestDotSegmentsAreResolvedAsBrowsersDo(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/a/b": "/a/b", "/a/./b": "/a/b", "/a/../b": "/b", "/a/b/..": "/a/", "/a/b/.": "/a/b/", "/..": "/", "/../../a": "/a", "/a/%2e/b": "/a/b", "/a/%2E%2e/b": "/b", "/a/.%2e/b": "/b",
		"/a/%2f/b": "/a/%2f/b", "/a/.../b": "/a/.../b", "/a/..;/b": "/a/..;/b", "/.a": "/.a", "//": "//", "/a//b": "/a//b", "/a//../b": "/a/b", "": "", "/": "/", "/.": "/", "/a/%252e%252e/b": "/a/%252e%252e/b",
	} {
		if got := resolveDots(path); got != want {
			t.Errorf("resolveDots(%q) = %q, want %q", path, got, want)
		}
	}
}

// FuzzEndpointPath looks for a path that, once canonical, has another canonical
// form: then the limit and the router could see two different ones.
func FuzzEndpointPath(f *testing.F) {
	for _, path := range []string{"/a/../b", "/%2e%2e/", "/a/.%2E", "/..//..", "/a/%2", "/%2e.", "//..", "/./.", "/a/%00/.."} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		once := resolveDots(path)
		if twice := resolveDots(once); twice != once {
			t.Errorf("%q becomes %q, and that %q", path, once, twice)
		}
		if strings.HasPrefix(path, "/") && once != "" && once[0] != '/' {
			t.Errorf("%q becomes %q", path, once)
		}
	})
}

func TestOnlyPathsBelowTheBasePathAreInside(t *testing.T) {
	t.Parallel()
	k := &Kernel{}
	for path, want := range map[string]string{
		"/api/auth/ok": "/ok", "/api/auth/": "", "/api/auth": "", "/api/authentic/ok": "", "/api/auth/../auth/ok": "/ok", "/api/auth/../../etc": "", "/other": "", "/": "", "/api/auth//ok": "//ok", "/API/auth/ok": "", "/api%2fauth/ok": "",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawPath = path, path
		if plain, err := url.PathUnescape(path); err == nil {
			r.URL.Path = plain
		}
		got, inside := k.endpointPath(&site{path: "/api/auth"}, r)
		if inside != (want != "") || (inside && got != want) {
			t.Errorf("%q is %q, %v; want %q", path, got, inside, want)
		}
	}
}

func TestMergeChangesMembersAndNeverItsArguments(t *testing.T) {
	t.Parallel()
	base := map[string]any{"a": map[string]any{"b": 1, "c": 2}, "d": []any{1, 2}}
	got := merged(base, map[string]any{"a": map[string]any{"b": 3, "e": nil}, "d": []any{}, "f": nil})
	inner := got["a"].(map[string]any)
	if inner["b"] != 3 || inner["c"] != 2 || len(got["d"].([]any)) != 0 || len(got) != 2 || len(inner) != 2 {
		t.Errorf("merged is %v", got)
	}
	if base["a"].(map[string]any)["b"] != 1 || len(base["d"].([]any)) != 2 {
		t.Errorf("the base was changed: %v", base)
	}
}

func TestAppendQueryKeepsWhatATargetHas(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/a": "/a?error=X%26Y", "/a?": "/a?error=X%26Y", "/a?b": "/a?b&error=X%26Y", "/a?b&": "/a?b&error=X%26Y", "/a#f": "/a?error=X%26Y#f", "/a?b#f?g": "/a?b&error=X%26Y#f?g", "https://a.example": "https://a.example?error=X%26Y",
		"/a?b=%zz&c=\u00e9": "/a?b=%zz&c=\u00e9&error=X%26Y", "": "?error=X%26Y",
	} {
		if got := AppendQuery(target, "error", "X&Y"); got != want {
			t.Errorf("AppendQuery(%q) = %q, want %q", target, got, want)
		}
	}
}
