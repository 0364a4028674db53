package cookie

import "testing"

func TestReplaceKeepsTheOtherCookies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"no cookies", nil, "sid=a%2Fb%3D"},
		{"other cookies", []string{"x=1; y=%20"}, "x=1; y=%20; sid=a%2Fb%3D"},
		{"one of the name", []string{"x=1; sid=old; y=2"}, "x=1; y=2; sid=a%2Fb%3D"},
		{"several of the name in several headers", []string{"sid=old;x=1", " sid = older ; sidx=2"}, "x=1; sidx=2; sid=a%2Fb%3D"},
		{"what is no cookie", []string{"x; =1; ;sid"}, "sid=a%2Fb%3D"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := Replace(c.headers, "sid", "a/b="); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
