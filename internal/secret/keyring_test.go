package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const (
	oldSecret = "better-auth-go-test-secret-0123456789abcdef"
	newSecret = "another-go-test-secret-fedcba9876543210-xyz"
)

func TestNewKeyringNamesTheOptionAtFault(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options Options
		want    string
	}{
		"nothing":           {Options{}, "`secret` is empty"},
		"empty list":        {Options{Secret: oldSecret, Versions: []Version{}}, "`secrets` is empty"},
		"negative version":  {Options{Versions: []Version{{-1, newSecret}}}, "not negative"},
		"duplicate version": {Options{Versions: []Version{{1, newSecret}, {1, oldSecret}}}, "version 1 is listed twice"},
		"empty value":       {Options{Versions: []Version{{2, newSecret}, {1, ""}}}, "version 1 is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := NewKeyring(tt.options)
			if k != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), oldSecret) || strings.Contains(err.Error(), newSecret) {
				t.Error("the error shows a secret")
			}
		})
	}
}

func TestParseVersions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want string // version=value, or nothing for an error
	}{
		"two":               {"2:new,1:old", "2=new 1=old"},
		"spaces":            {" 2 : new , 1:old ", "2=new 1=old"},
		"colon in value":    {"0:a:b", "0=a:b"},
		"empty":             {" ", ""},
		"no colon":          {"new", ""},
		"empty value":       {"1: ", ""},
		"empty entry":       {"1:a,", ""},
		"negative":          {"-1:a", ""},
		"leading zero":      {"01:a", ""},
		"sign":              {"+1:a", ""},
		"fraction":          {"1.0:a", ""},
		"out of range":      {"99999999999999999999:a", ""},
		"version is a word": {"one:a", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			versions, err := ParseVersions(tt.text)
			var got []string
			for _, v := range versions {
				got = append(got, fmt.Sprintf("%d=%s", v.Version, v.Value.Reveal()))
			}
			if strings.Join(got, " ") != tt.want || (err != nil) != (tt.want == "") {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestRotationEndsSignaturesUnlessPreviousSecretsAreAccepted(t *testing.T) {
	t.Parallel()
	before := mustKeyring(t, Options{Secret: oldSecret})
	now := time.Unix(1_800_000_000, 0)
	signed := before.SignedValue("token")
	jwt, err := before.SignJWT(Claims{{"a", 1}}, time.Minute, now)
	if err != nil {
		t.Fatal(err)
	}

	for name, rotated := range map[string]Options{
		"older version": {Versions: []Version{{2, newSecret}, {1, oldSecret}}},
		"legacy secret": {Versions: []Version{{2, newSecret}}, Secret: oldSecret},
	} {
		for _, accept := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, accepted %v", name, accept), func(t *testing.T) {
				t.Parallel()
				o := rotated
				o.AcceptPrevious = accept
				k := mustKeyring(t, o)
				if _, state := k.OpenSigned(signed); (state == Valid) != accept {
					t.Errorf("signed value is %v", state)
				}
				if _, err := k.VerifyJWT(jwt, now); (err == nil) != accept {
					t.Errorf("JWT: %v", err)
				}
				if before.Verify("x", k.Sign("x")) {
					t.Error("signed with a secret that is not the current one")
				}
			})
		}
	}
}

func TestRotationKeepsWhatIsEncryptedReadable(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	first := mustKeyring(t, Options{Secret: oldSecret})
	second := mustKeyring(t, Options{Secret: oldSecret, Versions: []Version{{1, newSecret}}})
	third := mustKeyring(t, Options{Secret: oldSecret, Versions: []Version{{2, "third"}, {1, newSecret}}})
	for i, k := range []*Keyring{first, second, third} {
		sealed, purpose := k.Encrypt([]byte("text")), k.Purpose("p").Encrypt([]byte("text"))
		jwe, err := k.EncryptJWE(SessionSalt, Claims{{"a", 1}}, time.Minute, now, "id")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := third.Decrypt(sealed); err != nil || string(got) != "text" {
			t.Errorf("%d: sealed text: %q, %v", i, got, err)
		}
		if got, err := third.Purpose("p").Decrypt(purpose); err != nil || string(got) != "text" {
			t.Errorf("%d: sealed for a purpose: %q, %v", i, got, err)
		}
		if _, err := third.DecryptJWE(SessionSalt, jwe, now); err != nil {
			t.Errorf("%d: JWE: %v", i, err)
		}
	}
	if !strings.HasPrefix(third.Encrypt(nil), "$ba$2$") {
		t.Error("the envelope does not name the current version")
	}
}

func TestDefaultIsNoLegacySecret(t *testing.T) {
	t.Parallel()
	sealed := mustKeyring(t, Options{Secret: Default}).Encrypt([]byte("forged"))
	k := mustKeyring(t, Options{Secret: Default, Versions: []Version{{1, newSecret}}})
	if _, err := k.Decrypt(sealed); !errors.Is(err, ErrInvalid) {
		t.Errorf("the published default still opens: %v", err)
	}
}

func TestCurrentIsACopy(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	k.Current()[0] = 'X'
	if got := string(k.Current()); got != oldSecret {
		t.Errorf("current secret changed to %q", got)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2hunter2"
	o := Options{Secret: hidden, Versions: []Version{{1, hidden}}}
	values := []any{String(hidden), o, &o, o.Versions, mustKeyring(t, o), map[string]any{"secret": String(hidden)}}
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	for _, leak := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed: %s", out.String())
		}
	}
	if !strings.Contains(out.String(), redacted) {
		t.Error("nothing was redacted")
	}
}

func TestSecretStringReadsJSON(t *testing.T) {
	t.Parallel()
	var v Version
	if err := json.Unmarshal([]byte(`{"version":3,"value":"abc"}`), &v); err != nil || v.Value.Reveal() != "abc" || v.Version != 3 {
		t.Errorf("%d, %v", v.Version, err)
	}
}

func TestAssessWarnsAboutWeakSecrets(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		secret string
		want   int
	}{
		"strong":            {"kJ8s0aQ2xZ7vB4nM1cR6tY9uW3eP5iL0", 0},
		"empty":             {"", 2},
		"short":             {"kJ8s0aQ2xZ7vB4nM1cR6tY9u", 2},
		"short but varied":  {"abcdefghijklmnopqrstuvwxyz01234", 1},
		"long, one letter":  {strings.Repeat("a", 64), 1},
		"long, two letters": {strings.Repeat("ab", 64), 0},
		"the default":       {Default, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Assess(tt.secret)
			if len(got) != tt.want {
				t.Errorf("warnings %q, want %d", got, tt.want)
			}
			if tt.secret != "" && strings.Contains(strings.Join(got, " "), tt.secret) {
				t.Error("a warning shows the secret")
			}
		})
	}
}
