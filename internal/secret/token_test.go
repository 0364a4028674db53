package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

var epoch = time.Unix(1795282495, 0)

func TestSignJWTOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	got, err := k.SignJWT(Claims{{"email", "a@b.co"}, {"userId", "u1"}}, time.Hour, epoch.Add(999*time.Millisecond))
	const want = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFAYi5jbyIsInVzZXJJZCI6InUxIiwiaWF0IjoxNzk1MjgyNDk1LCJleHAiOjE3OTUyODYwOTV9.SEhsRXSRFI_Xyo1c9N_XLijtYzsNunhdUgNvi6DhGgY"
	if err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestTokensRefuseALifetimeBelowASecondAndClaimsThatAreNoJSON(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	for _, ttl := range []time.Duration{0, -time.Hour, time.Second - 1} {
		if _, err := k.SignJWT(nil, ttl, epoch); err == nil {
			t.Errorf("JWT for %s", ttl)
		}
		if _, err := k.EncryptJWE(SessionSalt, nil, ttl, epoch, "id"); err == nil {
			t.Errorf("JWE for %s", ttl)
		}
	}
	if _, err := k.SignJWT(Claims{{"a", math.NaN()}}, time.Hour, epoch); err == nil {
		t.Error("NaN was signed")
	}
}

// forge signs any header and payload with the right secret.
func forge(k *Keyring, header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := k.MAC([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac[:])
}

func TestVerifyJWTAcceptsOnlyHS256(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	const payload = `{"a":1}`
	for header, want := range map[string]bool{
		`{"alg":"HS256"}`:                       true,
		`{"alg":"HS256","typ":"JWT"}`:           true,
		`{ "typ" : "JWT", "alg" : "HS256" }`:    true,
		`{"alg":"none"}`:                        false,
		`{"alg":"hs256"}`:                       false,
		`{"alg":"HS512"}`:                       false,
		`{"alg":"RS256"}`:                       false,
		`{"typ":"JWT"}`:                         false,
		`{}`:                                    false,
		`null`:                                  false,
		`{"alg":"HS256","alg":"HS256"}`:         false,
		`{"alg":"HS256","crit":["exp"]}`:        false,
		`{"alg":"HS256","b64":false}`:           false,
		`{"alg":"HS256","jwk":{}}`:              false,
		`{"alg":"HS256","jku":"https://x"}`:     false,
		`{"alg":"HS256","kid":"1"}`:             false,
		`{"alg":"HS256","zip":"DEF"}`:           false,
		`{"alg":"HS256","typ":"at+jwt"}`:        false,
		`{"alg":"HS256","typ":"JWT"`:            false,
		`{"alg=\"HS256\"":1}`:                   false,
		`{"alg":"HS256","typ":"logout+jwt"}  x`: false,
	} {
		if _, err := k.VerifyJWT(forge(k, header, payload), epoch); (err == nil) != want {
			t.Errorf("header %s: %v", header, err)
		}
	}
}

func TestVerifyJWTChecksTheLifetime(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	for payload, want := range map[string]error{
		`{}`:                                 nil,
		`{"exp":1795282496}`:                 nil,
		`{"exp":1795282495.5}`:               nil,
		`{"exp":1795282495}`:                 ErrExpired,
		`{"exp":0}`:                          ErrExpired,
		`{"exp":-1}`:                         ErrExpired,
		`{"nbf":1795282495}`:                 nil,
		`{"nbf":1795282496}`:                 ErrInvalid,
		`{"exp":"1795282499"}`:               ErrInvalid,
		`{"exp":null}`:                       ErrInvalid,
		`{"exp":NaN}`:                        ErrInvalid,
		`{"exp":inf}`:                        ErrInvalid,
		`{"exp":1e999}`:                      ErrInvalid,
		`{"exp":{}}`:                         ErrInvalid,
		`{"exp":1795282499,"exp":1}`:         ErrExpired,
		`[]`:                                 ErrInvalid,
		`"text"`:                             ErrInvalid,
		``:                                   ErrInvalid,
		`{"EXP":1,"a":{"exp":1},"b":"exp:"}`: nil,
	} {
		_, err := k.VerifyJWT(forge(k, `{"alg":"HS256"}`, payload), epoch)
		if !errors.Is(err, want) {
			t.Errorf("claims %s: %v, want %v", payload, err, want)
		}
	}
}

func TestVerifyJWTAcceptsOneTextForEachToken(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	token, err := k.SignJWT(Claims{{"a", "xy"}}, time.Hour, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.VerifyJWT(token, epoch); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	last := token[len(token)-1]
	for name, text := range map[string]string{
		"empty":              "",
		"one part":           parts[0],
		"two parts":          parts[0] + "." + parts[1],
		"four parts":         token + ".",
		"no signature":       parts[0] + "." + parts[1] + ".",
		"padding":            token + "=",
		"line break":         token + "\n",
		"space":              " " + token,
		"bits behind":        token[:len(token)-1] + string(last+1),
		"changed payload":    parts[0] + "." + parts[1][:3] + "A" + parts[1][4:] + "." + parts[2],
		"payload unencoded":  parts[0] + ".{}." + parts[2],
		"larger than bound":  token + strings.Repeat("A", MaxTokenSize),
		"another's":          forge(mustKeyring(t, Options{Secret: newSecret}), `{"alg":"HS256"}`, `{}`),
		"only dots":          "..",
		"many dots":          strings.Repeat(".", 1000),
		"signature of other": parts[0] + "." + parts[1] + "." + strings.Split(forge(k, `{"alg":"HS256"}`, `{}`), ".")[2],
	} {
		if _, err := k.VerifyJWT(text, epoch); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	big, err := k.SignJWT(Claims{{"a", strings.Repeat("x", MaxTokenSize)}}, time.Hour, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.VerifyJWT(big, epoch); !errors.Is(err, ErrInvalid) {
		t.Errorf("large token: %v", err)
	}
	if _, err := k.VerifyJWTUpTo(2*MaxTokenSize, big, epoch); err != nil {
		t.Errorf("large token under a larger bound: %v", err)
	}
}

func TestDecryptJWEOfTheDocumentedExample(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	const token = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiU1o1Uk5ydHE2bnI3TUR6Sm96UWRhX1lKelJtUlpVVURzYktVN0s3ZTZkUSJ9..eY3TXNXFUdnLuOYQS7sYbA.w-mqT_jR4R87xF9f39wvTkhKsEWU7DQGSdTcGDsGeitRuxj4ajAh7rgVobXgJEAJNI5ERrg1LbNRLOFJSDaBJR5433BTTbVxe6l7HXJZfXnmI1P_s6XEIJEd5V6lZGpe.C6wVMIKTb7bHzFDII1KfS4GWUA3OMYA0k3i763hg8L8"
	got, err := k.DecryptJWE(SessionSalt, token, epoch)
	if want := `{"a":1,"iat":1795282495,"exp":1795282795,"jti":"d2099411-2935-473f-ad44-a75cbc9271c3"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	key, err := deriveCEK(oldSecret, AccountSalt)
	if want := "2a1cf165e6275fbcecc7f1824b0d3137770fb2bc372b6176beb707cb5963703621f0f44168a78fa485826eb7d78c9e161f2f7fce0a3c3e06ffbddecab15acb3b"; err != nil || hex.EncodeToString(key.key) != want {
		t.Errorf("key %x, %v", key.key, err)
	}
}

func TestJWEIsReadBackWithinItsLifetime(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	token, err := k.EncryptJWE(SessionSalt, Claims{{"b", "<é>"}, {"a", json.RawMessage(`{"x":[1]}`)}}, 5*time.Minute, epoch, "the-id")
	if err != nil {
		t.Fatal(err)
	}
	header, _ := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if want := `{"alg":"dir","enc":"A256CBC-HS512","kid":"SZ5RNrtq6nr7MDzJozQda_YJzRmRZUUDsbKU7K7e6dQ"}`; string(header) != want {
		t.Errorf("header %s, want %s", header, want)
	}
	got, err := k.DecryptJWE(SessionSalt, token, epoch)
	if want := `{"b":"<é>","a":{"x":[1]},"iat":1795282495,"exp":1795282795,"jti":"the-id"}`; err != nil || string(got) != want {
		t.Errorf("claims %s, %v", got, err)
	}
	if _, err := k.DecryptJWE(SessionSalt, token, epoch.Add(314*time.Second)); err != nil {
		t.Errorf("within the tolerance: %v", err)
	}
	if _, err := k.DecryptJWE(SessionSalt, token, epoch.Add(315*time.Second)); !errors.Is(err, ErrExpired) {
		t.Errorf("after the tolerance: %v", err)
	}
	if _, err := k.DecryptJWE(AccountSalt, token, epoch); !errors.Is(err, ErrInvalid) {
		t.Errorf("under another salt: %v", err)
	}
}

// sealJWE encrypts with the right key under any header.
func sealJWE(t *testing.T, k *Keyring, enc jose.ContentEncryption, kid string, compress bool, extra map[jose.HeaderKey]any) string {
	t.Helper()
	keys, err := k.contentKeys(SessionSalt)
	if err != nil {
		t.Fatal(err)
	}
	key := keys[len(keys)-1].key
	if enc == jose.A256GCM {
		key = key[:32]
	}
	options := (&jose.EncrypterOptions{ExtraHeaders: extra})
	if compress {
		options.Compression = jose.DEFLATE
	}
	encrypter, err := jose.NewEncrypter(enc, jose.Recipient{Algorithm: jose.DIRECT, Key: key, KeyID: kid}, options)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDecryptJWEAcceptsOnlyItsOwnAlgorithms(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Versions: []Version{{2, newSecret}, {1, oldSecret}}})
	cbc := sealJWE(t, k, jose.A256CBC_HS512, "", false, nil)
	_, rest, _ := strings.Cut(cbc, ".")
	withHeader := func(header string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
	}
	tests := map[string]struct {
		token string
		ok    bool
	}{
		"no kid, an older secret": {cbc, true},
		"typ":                     {sealJWE(t, k, jose.A256CBC_HS512, "", false, map[jose.HeaderKey]any{"typ": "JWT"}), true},
		"foreign kid":             {sealJWE(t, k, jose.A256CBC_HS512, "SZ5RNrtq6nr7MDzJozQda_YJzRmRZUUDsbKU7K7e6dX", false, nil), false},
		"A256GCM":                 {sealJWE(t, k, jose.A256GCM, "", false, nil), false},
		"compressed":              {sealJWE(t, k, jose.A256CBC_HS512, "", true, nil), false},
		"foreign parameter":       {sealJWE(t, k, jose.A256CBC_HS512, "", false, map[jose.HeaderKey]any{"jku": "https://x"}), false},
		"other algorithm":         {withHeader(`{"alg":"A256KW","enc":"A256CBC-HS512"}`), false},
		"no algorithm":            {withHeader(`{"enc":"A256CBC-HS512"}`), false},
		"no encryption":           {withHeader(`{"alg":"dir"}`), false},
		"algorithm twice":         {withHeader(`{"alg":"dir","alg":"dir","enc":"A256CBC-HS512"}`), false},
		"empty kid":               {withHeader(`{"alg":"dir","enc":"A256CBC-HS512","kid":""}`), false},
		"kid not a string":        {withHeader(`{"alg":"dir","enc":"A256CBC-HS512","kid":1}`), false},
		"crit":                    {withHeader(`{"alg":"dir","enc":"A256CBC-HS512","crit":["exp"]}`), false},
		"header not an object":    {withHeader(`[]`), false},
		"changed header":          {withHeader(`{"alg":"dir", "enc":"A256CBC-HS512"}`), false},
		"changed tag":             {cbc[:len(cbc)-2] + "AA", false},
		"encrypted key":           {strings.Replace(cbc, "..", ".AA.", 1), false},
		"three parts":             {"a.b.c", false},
		"empty":                   {"", false},
		"dots":                    {"....", false},
		"too long":                {strings.Repeat("A", maxJWESize+1), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := k.DecryptJWE(SessionSalt, tt.token, epoch)
			if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v, want success %v", err, tt.ok)
			}
		})
	}
}

func TestKeyCacheIsBounded(t *testing.T) {
	t.Parallel()
	k := mustKeyring(t, Options{Secret: oldSecret})
	for i := range 3 * maxCachedSalts {
		if _, err := k.contentKeys(strings.Repeat("s", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(k.ceks.bySalt); got != maxCachedSalts {
		t.Errorf("%d salts are cached, want %d", got, maxCachedSalts)
	}
}

func FuzzVerifyJWT(f *testing.F) {
	k := mustKeyring(f, Options{Secret: oldSecret})
	for _, payload := range []string{`{}`, `{"exp":1}`, `{"exp":1e9999}`, `[`, `{"nbf":"x"}`} {
		f.Add(forge(k, `{"alg":"HS256"}`, payload), payload)
		f.Add(forge(k, `{"alg":"none"}`, payload), payload)
	}
	f.Add("a.b.c", `{"a":`)
	f.Fuzz(func(t *testing.T, token, payload string) {
		if claims, err := k.VerifyJWT(token, epoch); err == nil && !json.Valid(claims) && claims[0] != '{' {
			t.Errorf("%q has the claims %q", token, claims)
		}
		claims, err := k.VerifyJWT(forge(k, `{"alg":"HS256"}`, payload), epoch)
		if err == nil && !bytes.Equal(claims, []byte(payload)) {
			t.Errorf("%q was read as %q", payload, claims)
		}
	})
}

func FuzzDecryptJWE(f *testing.F) {
	k := mustKeyring(f, Options{Secret: oldSecret})
	token, err := k.EncryptJWE(SessionSalt, Claims{{"a", 1}}, time.Hour, epoch, "id")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "....", token, token[:40] + "." + token[41:], strings.ToUpper(token)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		claims, err := k.DecryptJWE(SessionSalt, text, epoch)
		if err == nil && !json.Valid(claims) {
			t.Errorf("%q has the claims %q", text, claims)
		}
		if err != nil && !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrExpired) {
			t.Error(err)
		}
	})
}

func BenchmarkVerifyJWT(b *testing.B) {
	b.ReportAllocs()
	k := mustKeyring(b, Options{Secret: oldSecret})
	token, _ := k.SignJWT(Claims{{"a", strings.Repeat("x", 600)}}, time.Hour, epoch)
	for b.Loop() {
		if _, err := k.VerifyJWT(token, epoch); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecryptJWE(b *testing.B) {
	b.ReportAllocs()
	k := mustKeyring(b, Options{Secret: oldSecret})
	token, _ := k.EncryptJWE(SessionSalt, Claims{{"a", strings.Repeat("x", 600)}}, time.Hour, epoch, "id")
	for b.Loop() {
		if _, err := k.DecryptJWE(SessionSalt, token, epoch); err != nil {
			b.Fatal(err)
		}
	}
}
