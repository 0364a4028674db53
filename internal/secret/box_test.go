package secret

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestDecryptOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	const sealed = "000102030405060708090a0b0c0d0e0f1011121314151617d961ad687ac78f16cbc18a6bfff8790daaa5728b9fabe819f614d8"
	if got, err := k.Decrypt(sealed); err != nil || string(got) != "hello world" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, want := purposeSecret(oldSecret, "oauth-state-cookie"), "b12fe2be275398b0956669cbc67658719fce082b1bc0595e136c877c485a37ed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSealedTextIsOpenedAgain(t *testing.T) {
	t.Parallel()
	keyrings := map[string]*Keyring{
		"single":    mustKeyring(t, Options{Secret: oldSecret}),
		"versioned": mustKeyring(t, Options{Versions: []Version{{7, newSecret}}}),
	}
	for name, k := range keyrings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{"", "a", strings.Repeat("ünïcødé ", 1000)} {
				sealed := k.Encrypt([]byte(text))
				if sealed == k.Encrypt([]byte(text)) {
					t.Error("a nonce was repeated")
				}
				if got, err := k.Decrypt(sealed); err != nil || string(got) != text {
					t.Errorf("%d bytes: %v", len(text), err)
				}
			}
		})
	}
}

func TestPurposesDoNotOpenEachOther(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	state, link := k.Purpose("oauth-state-cookie"), k.Purpose("oauth-link-session-token")
	sealed := state.Encrypt([]byte("x"))
	if _, err := link.Decrypt(sealed); !errors.Is(err, ErrInvalid) {
		t.Errorf("another purpose: %v", err)
	}
	if _, err := k.Decrypt(sealed); !errors.Is(err, ErrInvalid) {
		t.Errorf("no purpose: %v", err)
	}
	if got, err := k.Purpose("oauth-state-cookie").Decrypt(sealed); err != nil || string(got) != "x" {
		t.Errorf("same purpose: %q, %v", got, err)
	}
}

func TestDecryptRefusesEverythingElse(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Versions: []Version{{1, newSecret}}, Secret: oldSecret})
	sealed := k.Encrypt([]byte("text"))
	text := strings.TrimPrefix(sealed, "$ba$1$")
	for name, in := range map[string]string{
		"empty":                 "",
		"envelope only":         "$ba$",
		"no second dollar":      "$ba$1",
		"no text":               "$ba$1$",
		"unknown version":       "$ba$2$" + text,
		"negative version":      "$ba$-1$" + text,
		"version with a zero":   "$ba$01$" + text,
		"version not a number":  "$ba$x$" + text,
		"without its version":   text,
		"odd hex":               sealed[:len(sealed)-1],
		"no hex":                "$ba$1$zz",
		"shorter than a nonce":  "$ba$1$" + text[:46],
		"shorter than a tag":    "$ba$1$" + text[:60],
		"changed":               sealed[:len(sealed)-1] + string(sealed[len(sealed)-1]^1),
		"with more behind it":   sealed + "00",
		"in another's envelope": "$ba$1$" + strings.TrimPrefix(mustKeyring(t, Options{Secret: oldSecret}).Encrypt(nil), "$ba$1$"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := k.Decrypt(in)
			if !errors.Is(err, ErrInvalid) || got != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && len(in) > 8 && strings.Contains(err.Error(), in) {
				t.Error("the error repeats the value")
			}
		})
	}
}

func TestLooksEncrypted(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"": false, "ab": true, "AB09": true, "abc": false, "ya29.a0": false, "$ba$1$": true, "$ba": false, "gg": false,
	} {
		if got := LooksEncrypted(value); got != want {
			t.Errorf("LooksEncrypted(%q) = %v", value, got)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	single := mustKeyring(f, Options{Secret: oldSecret})
	versioned := mustKeyring(f, Options{Versions: []Version{{2, newSecret}, {1, oldSecret}}, Secret: oldSecret})
	for _, seed := range []string{"", "$ba$", "$ba$1$", "$ba$2$00", "$ba$-1$00", strings.Repeat("00", 40), single.Encrypt([]byte("x")), versioned.Encrypt([]byte("x"))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		for _, k := range []*Keyring{single, versioned} {
			got, err := k.Decrypt(sealed)
			if err == nil && len(got) != len(sealed[strings.LastIndexByte(sealed, '$')+1:])/2-40 {
				t.Errorf("%q opened as %d bytes", sealed, len(got))
			}
			if err != nil && !errors.Is(err, ErrInvalid) {
				t.Error(err)
			}
		}
		if _, err := hex.DecodeString(sealed); err == nil && sealed != "" && !LooksEncrypted(sealed) {
			t.Errorf("%q does not look encrypted", sealed)
		}
	})
}
