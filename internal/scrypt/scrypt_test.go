package scrypt

import (
	"encoding/hex"
	"runtime"
	"testing"

	reference "golang.org/x/crypto/scrypt"
)

// The vectors of RFC 7914, section 12, that fit into a test's memory.
func TestDerive_gives_the_results_of_RFC_7914(t *testing.T) {
	t.Parallel()
	tests := []struct {
		password, salt string
		n, r, p        int
		want           string
	}{
		{"", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
		{"password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
		{"pleaseletmein", "SodiumChloride", 16384, 8, 1, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
	}
	for _, test := range tests {
		got, err := newMemory(test.n, test.r).derive(test.password, []byte(test.salt), test.p, 64)
		if err != nil {
			t.Fatalf("N=%d: %v", test.n, err)
		}
		if hex.EncodeToString(got) != test.want {
			t.Errorf("N=%d r=%d p=%d: got %x, want %s", test.n, test.r, test.p, got, test.want)
		}
	}
}

func TestKey_equals_x_crypto_even_in_used_memory(t *testing.T) {
	t.Parallel()
	memory := NewMemory()
	for _, password := range []string{"", "pässwörd\x00\xff", string(make([]byte, 1000))} {
		got, err := memory.Key(password, "00112233445566778899aabbccddeeff")
		if err != nil {
			t.Fatalf("Key(%q): %v", password, err)
		}
		want, err := reference.Key([]byte(password), []byte("00112233445566778899aabbccddeeff"), 16384, 16, 1, KeyLen)
		if err != nil {
			t.Fatalf("reference: %v", err)
		}
		if got != [KeyLen]byte(want) {
			t.Errorf("Key(%q) = %x, want %x", password, got, want)
		}
	}
}

// FuzzDerive compares with x/crypto at costs small enough to run many.
func FuzzDerive(f *testing.F) {
	f.Add("password", []byte("salt"), uint8(4), uint8(16))
	f.Add("", []byte{}, uint8(1), uint8(1))
	f.Add("\x00", []byte{0xff}, uint8(8), uint8(3))
	f.Fuzz(func(t *testing.T, password string, salt []byte, logN, r uint8) {
		n, size := 2<<(logN%8), 1+int(r%16)
		got, err := newMemory(n, size).derive(password, salt, 1, KeyLen)
		if err != nil {
			t.Fatalf("derive: %v", err)
		}
		want, err := reference.Key([]byte(password), salt, n, size, 1, KeyLen)
		if err != nil {
			t.Fatalf("reference: %v", err)
		}
		if string(got) != string(want) {
			t.Errorf("N=%d r=%d: got %x, want %x", n, size, got, want)
		}
	})
}

func TestKey_allocates_little_in_used_memory(t *testing.T) {
	memory := NewMemory()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := memory.Key("password", "salt"); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("one derivation allocates %d bytes, want less than 1 MiB", allocated)
	}
}

func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	memory := NewMemory()
	for b.Loop() {
		if _, err := memory.Key("correct horse battery staple", "00112233445566778899aabbccddeeff"); err != nil {
			b.Fatal(err)
		}
	}
}
