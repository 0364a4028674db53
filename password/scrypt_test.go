package password

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

type vectors struct {
	Passwords []struct {
		ID, Password, SaltASCII, Hash string
		NFKCUTF8Hex                   string `json:"nfkcUtf8Hex"`
	}
	PasswordMatches []struct {
		HashOf, Password string
		Expect           bool
	}
	PasswordMalformed []struct{ Hash, Password string }
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/better-auth-crypto.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Passwords) == 0 || len(v.PasswordMatches) == 0 || len(v.PasswordMalformed) == 0 {
		t.Fatal("the vectors are incomplete")
	}
	return v
}

func verify(t *testing.T, s *Scrypt, hash, password string) bool {
	t.Helper()
	ok, err := s.Verify(t.Context(), hash, password)
	if err != nil {
		t.Fatalf("verify %q: %v", hash, err)
	}
	return ok
}

func TestVerify_accepts_hashes_of_Better_Auth(t *testing.T) {
	t.Parallel()
	s := NewScrypt(Limits{})
	v := readVectors(t)
	hashes := map[string]string{}
	for _, vector := range v.Passwords {
		hashes[vector.ID] = vector.Hash
		if !verify(t, s, vector.Hash, vector.Password) {
			t.Errorf("%s: the password is refused", vector.ID)
		}
	}
	for _, match := range v.PasswordMatches {
		if got := verify(t, s, hashes[match.HashOf], match.Password); got != match.Expect {
			t.Errorf("%q against %s: got %v, want %v", match.Password, match.HashOf, got, match.Expect)
		}
	}
}

func TestHash_writes_what_Better_Auth_writes(t *testing.T) {
	t.Parallel()
	salt := []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	tests := []struct{ password, key string }{
		{"password123", "73122e887cfc14f91396cdef78dfe4b9dec28d459037601c4904cedba5a637ab97b39b40c236df5d42881d0109ca8cf0f85e39dbaba2911c190915bd8f30fe85"},
		{"pässwörd", "98019d8d367509640e45a459ea9b23f32452dd310114f46daee657ebe74a7fe5a2ba724b8382f9a2ef80cd44dd048eb79ff35d9db1d8dd22aeae2d681eb0962e"},
		{"ｐａｓｓ①", "80d7149b911e7604e57c163abdc124963a1320887eb20c2cb719eeab5c538580b42300d4b30609305c2bce93d806f72e42de885e34f2bcddb6ba11ae6c67c0be"},
	}
	for _, test := range tests {
		got, err := newScrypt(Limits{}, bytes.NewReader(salt)).Hash(t.Context(), test.password)
		if err != nil {
			t.Fatal(err)
		}
		if want := "00112233445566778899aabbccddeeff:" + test.key; got != want {
			t.Errorf("%q: got %s, want %s", test.password, got, want)
		}
	}
}

func TestHash_salts_every_hash_anew(t *testing.T) {
	t.Parallel()
	s := NewScrypt(Limits{})
	first, err := s.Hash(t.Context(), "password123")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Hash(t.Context(), "password123")
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("two hashes of one password are equal")
	}
	if !verify(t, s, first, "password123") || verify(t, s, first, "password124") {
		t.Error("a fresh hash does not verify")
	}
}

func TestHash_fails_without_randomness(t *testing.T) {
	t.Parallel()
	if _, err := newScrypt(Limits{}, strings.NewReader("short")).Hash(t.Context(), "x"); err == nil {
		t.Error("hashed with half a salt")
	}
}

func TestSR_003_nothing_of_a_password_is_ignored(t *testing.T) {
	t.Parallel()
	s := NewScrypt(Limits{})
	hash, err := s.Hash(t.Context(), "pass\x00a")
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"pass\x00b", "pass", "Pass\x00a", "pass\x00a "} {
		if verify(t, s, hash, other) {
			t.Errorf("%q passes for another password", other)
		}
	}
}

func TestSR_004_lone_surrogates_are_treated_alike_when_set_and_verified(t *testing.T) {
	t.Parallel()
	var set, submitted string
	if json.Unmarshal([]byte(`"pass\ud800word"`), &set) != nil || json.Unmarshal([]byte(`"pass\udfffword"`), &submitted) != nil {
		t.Fatal("JSON does not decode")
	}
	s := NewScrypt(Limits{})
	hash, err := s.Hash(t.Context(), set)
	if err != nil {
		t.Fatal(err)
	}
	if !verify(t, s, hash, set) || !verify(t, s, hash, submitted) {
		t.Error("a password with a lone surrogate does not verify")
	}
}

func TestSR_010_malformed_hashes_match_nothing_and_cost_nothing(t *testing.T) {
	t.Parallel()
	salt, key := strings.Repeat("ab", 16), strings.Repeat("cd", 64)
	hashes := []string{
		"", ":", "::", "nocolon", salt, salt + ":", ":" + key, salt + ":" + key[1:], salt + ":" + key + "0", salt + ":" + key + ":extra",
		salt + ":" + strings.ToUpper(key), salt + ":" + key[:127] + "g", salt + ":" + key[:127] + "\x00",
		strings.Repeat("a", 257) + ":" + key, strings.Repeat("a", 1<<20), strings.Repeat(":", 1<<20), salt + ":" + strings.Repeat("a", 1<<20),
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
		"$scrypt$ln=30,r=8,p=1$c2FsdA$aGFzaA", "N=1073741824:r=8:p=1:" + key, "\xff\xfe:" + key[:10],
	}
	for _, vector := range readVectors(t).PasswordMalformed {
		hashes = append(hashes, vector.Hash)
	}
	// A gate without slots: whoever tries to hash is turned away as busy.
	s := NewScrypt(Limits{Parallel: 1, Queue: -1})
	occupy(t, s.gate)
	for _, hash := range hashes {
		ok, err := s.Verify(t.Context(), hash, "password1234")
		if ok || !errors.Is(err, ErrMalformedHash) {
			t.Errorf("%.80q: got %v, %v", hash, ok, err)
		}
	}
}

func TestVerify_takes_the_salt_as_the_text_it_is(t *testing.T) {
	t.Parallel()
	s := NewScrypt(Limits{})
	// Written by an import script with salts of its own; Better Auth accepts it.
	key, err := s.derive(t.Context(), "password1234", "Other-Salt")
	if err != nil {
		t.Fatal(err)
	}
	if !verify(t, s, "Other-Salt:"+hexText(key), "password1234") {
		t.Error("a hash with a salt of another form is refused")
	}
}

func hexText(key [keyBytes]byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range key {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, vector := range readVectors(f).Passwords {
		f.Add(vector.Hash)
	}
	f.Add("")
	f.Add(":")
	f.Fuzz(func(t *testing.T, hash string) {
		salt, key, err := parse(hash)
		if err != nil {
			return
		}
		if salt+":"+hexText(key) != hash {
			t.Errorf("%q is read as salt %q and key %x", hash, salt, key)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	b.ReportAllocs()
	s := NewScrypt(Limits{})
	for b.Loop() {
		if _, err := s.Hash(context.Background(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash_parallel(b *testing.B) {
	b.ReportAllocs()
	s := NewScrypt(Limits{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Hash(context.Background(), "correct horse battery staple"); err != nil {
				b.Error(err)
			}
		}
	})
}
