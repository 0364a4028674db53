package random_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/ostiary/ostiary/internal/random"
)

func TestStringDropsBytesThatWouldFavourACharacter(t *testing.T) {
	t.Parallel()
	// With ten digits, 250 to 255 are beyond the last multiple of ten.
	drawn := append([]byte{255, 250, 0, 249, 10, 251, 123}, make([]byte, 64)...)
	if got := random.New(bytes.NewReader(drawn)).String(4, random.Digits); got != "0903" {
		t.Errorf("got %q, want 0903", got)
	}
}

func TestStringUsesOnlyAndAllOfItsAlphabet(t *testing.T) {
	t.Parallel()
	for _, alphabet := range []string{random.AlphaNumeric, random.LowerNumeric, random.URLSafe, random.Digits, "x"} {
		text := random.New(nil).String(20000, alphabet)
		if len(text) != 20000 {
			t.Fatalf("%d characters", len(text))
		}
		if rest := strings.Trim(text, alphabet); rest != "" {
			t.Errorf("foreign characters %q", rest)
		}
		for _, c := range alphabet {
			if !strings.ContainsRune(text, c) {
				t.Errorf("%q never drawn", c)
			}
		}
	}
}

func TestValuesHaveTheirLengthAndDiffer(t *testing.T) {
	t.Parallel()
	var s random.Source // its zero value is ready for use
	for _, n := range []int{0, 1, 24, 32, 128} {
		if got := s.Token(n); len(got) != n {
			t.Errorf("Token(%d) = %q", n, got)
		}
		if got := s.Bytes(n); len(got) != n {
			t.Errorf("Bytes(%d) has %d", n, len(got))
		}
	}
	for name, next := range map[string]func() string{
		"Token": func() string { return s.Token(32) },
		"UUID":  s.UUID,
		"Bytes": func() string { return string(s.Bytes(16)) },
	} {
		if first, second := next(), next(); first == second {
			t.Errorf("%s repeated %q", name, first)
		}
	}
}

func TestUUIDIsVersion4(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 200 {
		if id := random.New(rand.Reader).UUID(); !form.MatchString(id) {
			t.Fatalf("UUID %q", id)
		}
	}
	fixed := random.New(bytes.NewReader(bytes.Repeat([]byte{0xff}, 16)))
	if got, want := fixed.UUID(), "ffffffff-ffff-4fff-bfff-ffffffffffff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFailingReaderPanics(t *testing.T) {
	t.Parallel()
	readers := map[string]io.Reader{
		"error": iotest.ErrReader(errors.New("broken")),
		"short": strings.NewReader("abc"),
	}
	for name, r := range readers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mustPanic(t, "source of randomness failed", func() { random.New(r).Bytes(8) })
		})
	}
}

func TestImpossibleAlphabetPanics(t *testing.T) {
	t.Parallel()
	mustPanic(t, "alphabet", func() { random.New(nil).String(1, "") })
	mustPanic(t, "alphabet", func() { random.New(nil).String(1, strings.Repeat("x", 257)) })
}

func mustPanic(t *testing.T, message string, f func()) {
	t.Helper()
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, message) {
			t.Errorf("panic %q, want one with %q", got, message)
		}
	}()
	f()
}

func TestSourceMayBeShared(t *testing.T) {
	t.Parallel()
	s := random.New(struct{ io.Reader }{rand.Reader})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				s.Token(32)
			}
		})
	}
	wg.Wait()
}

func BenchmarkToken(b *testing.B) {
	b.ReportAllocs()
	s := random.New(nil)
	for b.Loop() {
		s.Token(32)
	}
}
