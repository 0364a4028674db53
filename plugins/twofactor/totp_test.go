package twofactor

import (
	"strings"
	"testing"
	"time"
)

// RFC 4226, appendix D.
func TestHOTPIsThatOfRFC4226(t *testing.T) {
	t.Parallel()
	key := []byte("12345678901234567890")
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(key, uint64(counter), 6); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

// RFC 6238, appendix B, for SHA-1.
func TestTOTPIsThatOfRFC6238(t *testing.T) {
	t.Parallel()
	g := generator{key: []byte("12345678901234567890"), digits: 8, period: 30 * time.Second}
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := g.code(time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

// Values made by Better Auth 1.7.25.
func TestCodesAndURIsAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	const secret = "HlsAZWFQr3Ea9nAOSVOPCv4k4YYGvEX9"
	for _, c := range []struct {
		secret  string
		counter uint64
		digits  int
		want    string
	}{
		{secret, 0, 6, "997415"},
		{secret, 1, 6, "407994"},
		{secret, 58000000, 6, "206102"},
		{secret, 1, 8, "51407994"},
		{"base32:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 0, 6, "755224"},
		{"base32:gezdgnbvgy3tqojqgezdgnbvgy3tqojq", 0, 6, "755224"},
	} {
		key, err := keyOf(c.secret)
		if err != nil {
			t.Fatal(err)
		}
		if got := hotp(key, c.counter, c.digits); got != c.want {
			t.Errorf("%s, counter %d: %s, want %s", c.secret, c.counter, got, c.want)
		}
	}
	g := generator{key: []byte(secret), digits: 6, period: 30 * time.Second}
	want := "otpauth://totp/My%20App%20%26%20Co:a%2Bb%40ex.co?secret=JBWHGQK2K5DFC4RTIVQTS3SBJ5JVMT2QIN3DI2ZULFMUO5SFLA4Q&issuer=My+App+%26+Co&digits=6&period=30"
	if got := g.uri("My App & Co", "a+b@ex.co"); got != want {
		t.Errorf("URI\n%s, want\n%s", got, want)
	}
}

func TestSR_061_CodesOfOnePeriodBeforeAndAfterAreAccepted(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000_010, 0)
	g := generator{key: []byte("12345678901234567890"), digits: 6, period: 30 * time.Second}
	for periods, want := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		at := now.Add(time.Duration(periods) * g.period)
		step, ok := g.match(g.code(at), now)
		if ok != want || (ok && step != g.step(at)) {
			t.Errorf("%d periods away: %t in period %d", periods, ok, step)
		}
	}
	for _, code := range []string{"", "12345", "1234567", strings.Repeat("1", 1<<20), "０１２３４５"} {
		if _, ok := g.match(code, now); ok {
			t.Errorf("%.20q is accepted", code)
		}
	}
	if _, ok := (generator{key: []byte("k"), digits: 6, period: time.Second}).match("x", time.Unix(0, 0)); ok {
		t.Error("a code is accepted at the beginning of time")
	}
}

func TestIndexOfFindsTheCodeOrNone(t *testing.T) {
	t.Parallel()
	codes := []string{"aaaaa-11111", "bbbbb-22222", "ccccc-33333"}
	for code, want := range map[string]int{"aaaaa-11111": 0, "ccccc-33333": 2, "AAAAA-11111": -1, "": -1, "bbbbb": -1} {
		if got := indexOf(codes, code); got != want {
			t.Errorf("%q is at %d, want %d", code, got, want)
		}
	}
}

func FuzzSecret(f *testing.F) {
	for _, seed := range []string{"", "base32:", "base32:GEZDGNBV", "base32:gezd====", "base32:!", "HlsAZWFQr3Ea9nAOSVOPCv4k4YYGvEX9"} {
		f.Add(seed, "123456", int64(1_000_000_000))
	}
	f.Fuzz(func(t *testing.T, secret, code string, at int64) {
		key, err := keyOf(secret)
		if err != nil {
			return
		}
		g := generator{key: key, digits: 6, period: 30 * time.Second}
		now := time.Unix(max(0, at%(1<<40)), 0)
		if _, ok := g.match(g.code(now), now); !ok {
			t.Errorf("the code of %q at %v is not accepted", secret, now)
		}
		if _, ok := g.match(code, now); ok && len(code) != 6 {
			t.Errorf("%q is accepted", code)
		}
		if uri := g.uri(code, secret); strings.ContainsAny(uri, " \r\n\"<>") {
			t.Errorf("URI %q", uri)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	b.ReportAllocs()
	g := generator{key: []byte("12345678901234567890"), digits: 6, period: 30 * time.Second}
	now := time.Unix(1_000_000_000, 0)
	for b.Loop() {
		g.match("123456", now)
	}
}
