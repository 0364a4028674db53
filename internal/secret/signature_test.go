package secret

import (
	"strings"
	"sync"
	"testing"
)

func TestSignatureOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	if got, want := k.Sign("AbCdEfGhIjKlMnOpQrStUvWxYz012345"), "KOGgLqYzmbj83mFeyROveBTx/NPtMhyg5CqvHCnAwtY="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := k.Sign("true"), "I7jzPa/m9ihTm0VSziNUetBFuIkwOj6mK7HvwB1HBy0="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOpenSignedTellsAbsentMalformedAndInvalidApart(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	signature := k.Sign("value")
	tests := map[string]struct {
		signed string
		want   State
	}{
		"valid":                   {"value." + signature, Valid},
		"value with dots":         {k.SignedValue("a.b.c"), Valid},
		"empty":                   {"", Absent},
		"no dot":                  {"value", Malformed},
		"dot first":               {k.SignedValue(""), Malformed},
		"no signature":            {"value.", Malformed},
		"short signature":         {"value." + signature[1:], Malformed},
		"long signature":          {"value.A" + signature, Malformed},
		"no padding":              {"value." + strings.Repeat("A", 44), Malformed},
		"padding inside":          {"value." + strings.Repeat("=", 44), Malformed},
		"line break":              {"value." + signature[:20] + "\n" + signature[21:], Malformed},
		"URL alphabet":            {"value." + strings.Repeat("-", 43) + "=", Malformed},
		"bits behind the last":    {"value." + strings.Repeat("A", 42) + "B=", Malformed},
		"changed value":           {"Value." + signature, Invalid},
		"changed signature":       {"value." + strings.Repeat("A", 43) + "=", Invalid},
		"signature of another":    {"value." + k.Sign("other"), Invalid},
		"signed by another":       {mustKeyring(t, Options{Secret: newSecret}).SignedValue("value"), Invalid},
		"signed twice":            {k.SignedValue(k.SignedValue("value")), Valid},
		"still percent-encoded":   {"value." + strings.ReplaceAll(signature, "=", "%3D"), Malformed},
		"value with a line break": {k.SignedValue("a\nb"), Valid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			value, state := k.OpenSigned(tt.signed)
			if state != tt.want {
				t.Errorf("%v, want %v", state, tt.want)
			}
			if (value != "") != (state == Valid) {
				t.Errorf("value %q in the state %v", value, state)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	if !k.Verify("", k.Sign("")) || k.Verify("a", k.Sign("b")) || k.Verify("a", "") {
		t.Error("wrong answer")
	}
	long := strings.Repeat("x", 1000)
	mac := k.MAC([]byte(long[:300]), nil, []byte(long[300:]))
	if !k.VerifyMAC(mac[:], []byte(long)) || k.VerifyMAC(nil, []byte(long)) || k.VerifyMAC(mac[:31], []byte(long)) {
		t.Error("wrong answer for a MAC in parts")
	}
	if !k.Verify(long, k.Sign(long)) {
		t.Error("a long value is refused")
	}
}

func TestKeyringMayBeShared(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				value := strings.Repeat("v", i+1)
				if got, state := k.OpenSigned(k.SignedValue(value)); got != value || state != Valid {
					t.Errorf("%q, %v", got, state)
				}
				if _, err := k.contentKeys(value); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzOpenSigned(f *testing.F) {
	k := mustKeyring(f, Options{Secret: oldSecret})
	for _, seed := range []string{"", ".", "a.b", k.SignedValue("value"), k.SignedValue(""), "v." + strings.Repeat("=", 44)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, signed string) {
		value, state := k.OpenSigned(signed)
		if state == Valid && k.SignedValue(value) != signed {
			t.Errorf("%q was opened, but is not what is signed", signed)
		}
		if state != Valid && value != "" {
			t.Errorf("%q in the state %v", value, state)
		}
	})
}

func BenchmarkOpenSigned(b *testing.B) {
	b.ReportAllocs()
	k := mustKeyring(b, Options{Secret: oldSecret})
	signed := k.SignedValue("AbCdEfGhIjKlMnOpQrStUvWxYz012345")
	for b.Loop() {
		if _, state := k.OpenSigned(signed); state != Valid {
			b.Fatal(state)
		}
	}
}
