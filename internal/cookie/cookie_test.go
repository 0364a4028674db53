package cookie

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	now   = time.Unix(1767225600, 0)
	basic = Attributes{MaxAge: Seconds(604800), Path: "/", HTTPOnly: true, SameSite: "lax"}
)

func TestGetReadsWhatBetterAuthReads(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		headers []string
		value   string
		ok      bool
	}{
		"none":                   {nil, "", false},
		"one":                    {[]string{"a=1"}, "1", true},
		"among others":           {[]string{"b=2; a=1;c=3"}, "1", true},
		"second header":          {[]string{"b=2", "a=1"}, "1", true},
		"first duplicate wins":   {[]string{"a=1; a=2"}, "1", true},
		"first header wins":      {[]string{"a=1", "a=2"}, "1", true},
		"trimmed":                {[]string{" a = 1 "}, "1", true},
		"empty value":            {[]string{"a="}, "", true},
		"no equals sign":         {[]string{"a"}, "", false},
		"then one that has it":   {[]string{"a;a=2"}, "2", true},
		"no name":                {[]string{"=a"}, "", false},
		"equals sign in value":   {[]string{"a=b=c"}, "b=c", true},
		"quoted":                 {[]string{`a="x%20y"`}, "x y", true},
		"quoted, nothing":        {[]string{`a=""`}, "", true},
		"quotation mark alone":   {[]string{`a="`}, "", true},
		"quote not closed":       {[]string{`a="x`}, "", true},
		"text behind the quotes": {[]string{`a="x" y`}, `x" `, true},
		"percent-encoded":        {[]string{"a=%41%C3%A9%2f"}, "Aé/", true},
		"percent, no hex":        {[]string{"a=%zz"}, "%zz", true},
		"percent, cut off":       {[]string{"a=100%"}, "100%", true},
		"percent, not UTF-8":     {[]string{"a=%FF"}, "%FF", true},
		"space inside":           {[]string{"a=x y"}, "x y", true},
		"comma is no separator":  {[]string{"a=1,a=3"}, "1,a=3", true},
		"names are exact":        {[]string{"A=1; aa=2; a.0=3"}, "", false},
		"signed, not encoded":    {[]string{"a=tok.ab+/cd=="}, "tok.ab+/cd==", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, ok := Get(tt.headers, "a")
			if value != tt.value || ok != tt.ok {
				t.Errorf("got %q, %v; want %q, %v", value, ok, tt.value, tt.ok)
			}
		})
	}
}

func TestEncodeURIComponentIsThatOfJavaScript(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                          "",
		"AZaz09-_.!~*'()":           "AZaz09-_.!~*'()",
		"sp ace+/=%;ü😀":             "sp%20ace%2B%2F%3D%25%3B%C3%BC%F0%9F%98%80",
		"\r\n\x00\"\\,":             "%0D%0A%00%22%5C%2C",
		"a\xffb":                    "a%EF%BF%BDb",
		"Tk9f.mlct3N+LPuag4/jvfMQ=": "Tk9f.mlct3N%2BLPuag4%2FjvfMQ%3D",
	} {
		if got := EncodeURIComponent(in); got != want {
			t.Errorf("EncodeURIComponent(%q) = %s, want %s", in, got, want)
		}
	}
	for _, broken := range []string{"%", "%4", "%4g", "a%", "%ff", "%C3", "%ED%A0%80"} {
		if got, ok := DecodeURIComponent(broken); ok {
			t.Errorf("DecodeURIComponent(%q) = %q", broken, got)
		}
	}
}

func TestSerializeWritesAttributesInOrder(t *testing.T) {
	t.Parallel()
	all := Attributes{
		MaxAge: Seconds(5), Domain: "x.y", Path: "/p", Expires: now, HTTPOnly: true, Secure: true,
		SameSite: "NONE", Partitioned: true,
	}
	tests := map[string]struct {
		name  string
		value string
		attrs Attributes
		want  string
	}{
		"none":               {"n", "v", Attributes{}, "n=v"},
		"session token":      {"better-auth.session_token", "Ab.KOG/s=", basic, "better-auth.session_token=Ab.KOG%2Fs%3D; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"},
		"all":                {"n", "v", all, "n=v; Max-Age=5; Domain=x.y; Path=/p; Expires=Thu, 01 Jan 2026 00:00:00 GMT; HttpOnly; Secure; SameSite=None; Partitioned"},
		"zero":               {"n", "", Attributes{MaxAge: Seconds(0)}, "n=; Max-Age=0"},
		"negative is none":   {"n", "", Attributes{MaxAge: Seconds(-1)}, "n="},
		"duration":           {"n", "", Attributes{MaxAge: For(1900 * time.Millisecond)}, "n=; Max-Age=1"},
		"negative duration":  {"n", "", Attributes{MaxAge: For(-time.Millisecond)}, "n="},
		"400 days":           {"n", "", Attributes{MaxAge: Seconds(34560000)}, "n=; Max-Age=34560000"},
		"past":               {"n", "", Attributes{Expires: time.Unix(0, 0)}, "n=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
		"zone":               {"n", "", Attributes{Expires: time.Unix(0, 0).In(time.FixedZone("", 3600))}, "n=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
		"strict":             {"n", "v", Attributes{SameSite: "strict"}, "n=v; SameSite=Strict"},
		"none forces Secure": {"n", "v", Attributes{SameSite: "none"}, "n=v; Secure; SameSite=None"},
		"partitioned":        {"n", "v", Attributes{Partitioned: true}, "n=v; Secure; Partitioned"},
		"__Secure-":          {"__Secure-n", "v", basic, "__Secure-n=v; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"},
		"__secure-":          {"__secure-n", "v", Attributes{}, "__secure-n=v; Secure"},
		"__Host-":            {"__Host-n", "v", Attributes{Path: "/p", Domain: "x.y"}, "__Host-n=v; Path=/; Secure"},
		"__hOST-":            {"__hOST-n", "v", Attributes{}, "__hOST-n=v; Path=/; Secure"},
		"line breaks":        {"n", "a\r\nSet-Cookie: x=1", Attributes{}, "n=a%0D%0ASet-Cookie%3A%20x%3D1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Serialize(tt.name, tt.value, tt.attrs, now)
			if err != nil || got != tt.want {
				t.Errorf("got  %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}

func TestSerializeRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		name  string
		attrs Attributes
	}{
		"no name":              {"", Attributes{}},
		"space in name":        {"a b", Attributes{}},
		"equals sign in name":  {"a=b", Attributes{}},
		"line break in name":   {"a\r\nb", Attributes{}},
		"name not ASCII":       {"é", Attributes{}},
		"Max-Age":              {"n", Attributes{MaxAge: Seconds(34560001)}},
		"Expires":              {"n", Attributes{Expires: now.Add(maxLifetime + time.Second)}},
		"SameSite":             {"n", Attributes{SameSite: "maybe"}},
		"SameSite, injection":  {"n", Attributes{SameSite: "lax; Domain=evil"}},
		"Domain, injection":    {"n", Attributes{Domain: "a; Secure"}},
		"Domain, line break":   {"n", Attributes{Domain: "a\r\nb"}},
		"Path, injection":      {"n", Attributes{Path: "/; Domain=evil"}},
		"Path, control":        {"n", Attributes{Path: "/\x00"}},
		"Path, not ASCII":      {"n", Attributes{Path: "/é"}},
		"Max-Age beats all":    {"n", Attributes{MaxAge: For(1 << 62), Path: "/"}},
		"Expires, far future":  {"n", Attributes{Expires: time.Unix(1<<50, 0)}},
		"Expires, year 292277": {"n", Attributes{Expires: time.Date(292277, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jar := Jar{Now: func() time.Time { return now }}
			if line, err := Serialize(tt.name, "v", tt.attrs, now); err == nil || line != "" {
				t.Errorf("got %q", line)
			}
			if err := jar.Set(tt.name, "v", tt.attrs); err == nil || len(jar.Lines()) != 0 {
				t.Errorf("the jar has %q", jar.Lines())
			}
		})
	}
}

func TestSerializeDeletionKeepsTheAttributes(t *testing.T) {
	t.Parallel()
	a := basic
	a.Domain, a.Expires = ".example.com", now.Add(time.Hour)
	got, err := SerializeDeletion("__Secure-n", a, now)
	if want := "__Secure-n=; Max-Age=0; Domain=.example.com; Path=/; HttpOnly; Secure; SameSite=Lax"; err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestChunksUseTheStrictParser(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header string
		want   string
	}{
		"none":                {"d=x; dx.0=1; e.0=2", ""},
		"sorted by number":    {"d.10=c; d.2=b; d.0=a", "0=a 2=b 10=c"},
		"last duplicate":      {"d.0=1; d.1=x; d.0=2; d.0=3", "0=3 1=x"},
		"index forms":         {"d.=1; d.00=2; d.01=3; d.-1=4; d.+1=5; d.1e1=6; d.x=7; d.1.2=8; d.9999999999=9", ""},
		"largest index":       {"d.999999999=a", "999999999=a"},
		"quoted":              {`d.0="x"`, "0=x"},
		"percent-encoded":     {"d.0=%41", "0=A"},
		"space and comma":     {"d.0=x y,z", "0=x y,z"},
		"quotation mark":      {`d.0=a"b; d.1="a; d.2=c"`, ""},
		"backslash":           {`d.0=a\b`, ""},
		"not ASCII":           {"d.0=é", ""},
		"control character":   {"d.0=a\x01b", ""},
		"empty":               {"d.0=", "0="},
		"bad one is no value": {"d.0=good; d.0=b\"d", "0=good"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Chunks([]string{tt.header}, "d") {
				got = append(got, fmt.Sprintf("%d=%s", c.Index, c.Value))
				if c.Name != fmt.Sprintf("d.%d", c.Index) {
					t.Errorf("name %s", c.Name)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestGetChunkedPrefersTheCookieItself(t *testing.T) {
	t.Parallel()
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("d.%d=x", i)
	}
	tests := map[string]struct {
		headers []string
		want    string
		ok      bool
	}{
		"nothing":             {nil, "", false},
		"cookie":              {[]string{"d=whole; d.0=a"}, "whole", true},
		"chunks":              {[]string{"d.1=b; d.0=a"}, "ab", true},
		"chunks, two headers": {[]string{"d.1=b", "d.0=a"}, "ab", true},
		"empty cookie":        {[]string{"d=; d.0=a"}, "a", true},
		"empty, no chunks":    {[]string{"d="}, "", false},
		"100 chunks":          {[]string{strings.Join(many[:100], ";")}, strings.Repeat("x", 100), true},
		"101 chunks":          {[]string{strings.Join(many, ";")}, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := GetChunked(tt.headers, "d"); got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func TestJarNeverDeletesWhatItHasSet(t *testing.T) {
	t.Parallel()
	jar := Jar{Now: func() time.Time { return now }}
	must(t, jar.Set("keep", "1", Attributes{}))
	must(t, jar.Set("d", "1", Attributes{}))
	must(t, jar.Set("d.0", "1", Attributes{}))
	must(t, jar.Set("d.x", "1", Attributes{}))
	must(t, jar.Set("dd", "1", Attributes{}))
	must(t, jar.Expire("d.1", Attributes{}))
	must(t, jar.Expire("d", basic))
	want := []string{"keep=1", "d.x=1", "dd=1", "d.1=; Max-Age=0", "d=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"}
	if diff := cmp.Diff(want, jar.Lines()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	must(t, jar.Expire("d", basic))
	if got := len(jar.Lines()); got != len(want) {
		t.Errorf("a second deletion was added: %q", jar.Lines())
	}
}

func TestJarAppendsAndFindsTheLast(t *testing.T) {
	t.Parallel()
	var jar Jar
	if _, ok := jar.Lookup("n"); ok {
		t.Error("found in an empty jar")
	}
	must(t, jar.Expire("n", Attributes{}))
	if p, ok := jar.Lookup("n"); !ok || !p.Deletion || p.Value != "" {
		t.Errorf("%+v", p)
	}
	must(t, jar.Set("n", "a b", basic))
	p, ok := jar.Lookup("n")
	if !ok || p.Deletion || p.Value != "a b" || p.Attributes != basic || p.Name != "n" {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([]string{"n=; Max-Age=0", "n=a%20b; Max-Age=604800; Path=/; HttpOnly; SameSite=Lax"}, jar.Lines()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	seconds, set := p.Attributes.MaxAge.Get()
	if seconds != 604800 || !set {
		t.Errorf("Max-Age %d, %v", seconds, set)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names returns the names of pending cookies, those of deletions with a minus.
func names(j *Jar) []string {
	var list []string
	for _, p := range j.pending {
		if p.Deletion {
			list = append(list, "-"+p.Name)
		} else {
			list = append(list, p.Name)
		}
	}
	return list
}

func TestSetChunkedReplacesWhatTheBrowserHolds(t *testing.T) {
	t.Parallel()
	d := Definition{Name: "d", Attributes: basic}
	frame, err := Serialize("d.99", "", basic, now)
	must(t, err)
	limit := 4050 - len(frame)
	tests := map[string]struct {
		headers []string
		length  int
		want    []string
	}{
		"first, short":         {nil, 10, []string{"d"}},
		"at the limit":         {nil, limit, []string{"d"}},
		"beyond the limit":     {nil, limit + 1, []string{"d.0", "d.1"}},
		"rewritten":            {[]string{"d=x"}, 10, []string{"d"}},
		"grows":                {[]string{"d=x"}, 2*limit + 1, []string{"-d", "d.0", "d.1", "d.2"}},
		"shrinks to one":       {[]string{"d.0=x; d.1=y"}, 10, []string{"-d.0", "-d.1", "d"}},
		"shrinks to two":       {[]string{"d.0=x; d.1=y; d.2=z"}, limit + 1, []string{"-d.2", "d.0", "d.1"}},
		"both kinds":           {[]string{"d=w; d.0=x; d.7=y"}, 10, []string{"-d.0", "-d.7", "d"}},
		"others are left":      {[]string{"dd=w; d.x=x; e.0=y"}, 10, []string{"d"}},
		"a hundred":            {nil, 100 * limit, hundred("d")},
		"too large":            {nil, 100*limit + 1, nil},
		"too large, was small": {[]string{"d=w; d.0=x"}, 100*limit + 1, []string{"-d", "-d.0"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jar := Jar{Now: func() time.Time { return now }}
			value := strings.Repeat("v", tt.length)
			err := jar.SetChunked(tt.headers, d, value)
			tooLarge := strings.HasPrefix(name, "too large")
			if errors.Is(err, ErrTooLarge) != tooLarge || (err != nil) != tooLarge {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, names(&jar)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, line := range jar.Lines() {
				if len(line) > 4050 {
					t.Errorf("a line of %d bytes", len(line))
				}
			}
			if !tooLarge && readBack(jar.pending, "d") != value {
				t.Error("another value is read back")
			}
		})
	}
}

func hundred(name string) (list []string) {
	for i := range 100 {
		list = append(list, fmt.Sprintf("%s.%d", name, i))
	}
	return list
}

// readBack returns what a browser would send, read.
func readBack(pending []Pending, name string) string {
	var header []string
	for _, p := range pending {
		if !p.Deletion {
			header = append(header, p.Name+"="+EncodeURIComponent(p.Value))
		}
	}
	slices.Reverse(header)
	value, _ := GetChunked([]string{strings.Join(header, "; ")}, name)
	return value
}

func TestSetChunkedTakesBackAnEarlierValue(t *testing.T) {
	t.Parallel()
	d := Definition{Name: "d", Attributes: basic}
	headers := []string{"d.0=old"}
	var jar Jar
	must(t, jar.Set("other", "1", basic))
	must(t, jar.Expire("d", basic))
	must(t, jar.SetChunked(headers, d, strings.Repeat("a", 5000)))
	must(t, jar.SetChunked(headers, d, "b"))
	if diff := cmp.Diff([]string{"other", "-d", "-d.0", "d"}, names(&jar)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := readBack(jar.pending, "d"); got != "b" {
		t.Errorf("read back %q", got)
	}
}

func TestSetChunkedWithoutRoomIsTooLarge(t *testing.T) {
	t.Parallel()
	var jar Jar
	d := Definition{Name: "d", Attributes: Attributes{Path: "/" + strings.Repeat("p", 4100)}}
	if err := jar.SetChunked(nil, d, "v"); !errors.Is(err, ErrTooLarge) || len(jar.Lines()) != 0 {
		t.Errorf("%v, %d lines", err, len(jar.Lines()))
	}
}

func TestSetChunkedReportsAttributesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	var jar Jar
	d := Definition{Name: "d", Attributes: Attributes{SameSite: "maybe"}}
	if err := jar.SetChunked([]string{"d=1"}, d, "v"); err == nil || errors.Is(err, ErrTooLarge) || len(jar.Lines()) != 0 {
		t.Errorf("%v, %q", err, jar.Lines())
	}
}

func TestExpirePresentExpiresCookieAndChunks(t *testing.T) {
	t.Parallel()
	var jar Jar
	headers := []string{"d=x; d.1=b; d.0=a; e.0=c"}
	must(t, jar.ExpirePresent(headers, Definition{Name: "d", Attributes: basic}))
	if diff := cmp.Diff([]string{"-d", "-d.0", "-d.1"}, names(&jar)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"d", "d.0", "d.1"}, Present(headers, "d")); diff != "" {
		t.Errorf("present (-want +got)\n%s", diff)
	}
}

func FuzzCookieHeader(f *testing.F) {
	for _, seed := range []string{"", "a=1; a=2", `a="`, `a="%`, "a=%41%zz", "=;;=a;a", "a.0=x;a.00=y;a.0=z", "a.99999999999=1", "\xff=\xff; a=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		value, ok := Get([]string{header}, "a")
		if !ok && value != "" {
			t.Errorf("value %q of a missing cookie", value)
		}
		last := -1
		for _, c := range Chunks([]string{header}, "a") {
			if c.Index <= last {
				t.Errorf("chunk %d behind %d", c.Index, last)
			}
			last = c.Index
		}
		_, _ = GetChunked([]string{header}, "a")
		var jar Jar
		if err := jar.SetChunked([]string{header}, Definition{Name: "a", Attributes: basic}, "v"); err != nil {
			t.Error(err)
		}
		for _, line := range jar.Lines() {
			if strings.ContainsAny(line, "\r\n") {
				t.Errorf("line break in %q", line)
			}
		}
	})
}

func FuzzValueIsReadBack(f *testing.F) {
	for _, seed := range []string{"", "a", `"quoted"`, "a;b, c=%41%", "é😀", strings.Repeat("v", 9000)} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, value string, repeat int) {
		value = strings.ToValidUTF8(value, "")
		if got, ok := DecodeURIComponent(EncodeURIComponent(value)); !ok || got != value {
			t.Errorf("%q was decoded as %q", value, got)
		}
		line, err := Serialize("n", value, basic, now)
		if err != nil {
			t.Fatal(err)
		}
		pair, _, _ := strings.Cut(line, ";")
		if got, ok := Get([]string{pair}, "n"); !ok || got != value {
			t.Errorf("%q was read back as %q", value, got)
		}
		// Chunks are for text that needs no encoding.
		text := strings.Repeat("x"+strings.Map(letter, value), repeat&0xff+1)
		var jar Jar
		if err := jar.SetChunked(nil, Definition{Name: "n", Attributes: basic}, text); err != nil {
			if errors.Is(err, ErrTooLarge) {
				return
			}
			t.Fatal(err)
		}
		if got := readBack(jar.pending, "n"); got != text {
			t.Errorf("%d bytes in chunks were read back as %d", len(text), len(got))
		}
	})
}

func letter(r rune) rune { return 'a' + r%26 }

func BenchmarkGet(b *testing.B) {
	b.ReportAllocs()
	headers := []string{"_ga=GA1.1.1234567890.1234567890; theme=dark; better-auth.session_token=Tk9fZml4ZWRfc2Vzc2lvbl90b2tlbl8w.mlct3Nao6CgaMUBp%2BLPuag4mdDc1jd1h8wb%2BjmBvfMQ%3D; better-auth.session_data=" + strings.Repeat("x", 1000)}
	for b.Loop() {
		if _, ok := Get(headers, "better-auth.session_token"); !ok {
			b.Fatal("not found")
		}
	}
}
