package scrypt

import (
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	reference "golang.org/x/crypto/scrypt"
)

// kinds are the ways to derive that this processor has. The zero kernel is the
// one for a lone derivation, in Go.
func kinds() []kernel { return append([]kernel{{name: "Go"}}, kernels()...) }

func (k kernel) lanes() int {
	if k.walk == nil {
		return 1
	}
	return maxLanes
}

func memory(t testing.TB, n, r int, k kernel) *Memory {
	t.Helper()
	m, err := newMemory(n, r, k.lanes(), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Release)
	return m
}

// different returns tasks that differ in password and salt, and in their lengths.
func different(count int) []*Task {
	tasks := make([]*Task, count)
	for i := range tasks {
		tasks[i] = &Task{Password: strings.Repeat("pässwörd\x00\xff", 40*i), Salt: fmt.Sprintf("%032d", i)}
	}
	return tasks
}

func mustEqualReference(t testing.TB, n, r int, tasks ...*Task) {
	t.Helper()
	for i, task := range tasks {
		if task.Err != nil {
			t.Errorf("task %d: %v", i, task.Err)
		}
		want, err := reference.Key([]byte(task.Password), []byte(task.Salt), n, r, 1, KeyLen)
		if err != nil {
			t.Fatal(err)
		}
		if string(task.Key[:]) != string(want) {
			t.Errorf("task %d of %d, N=%d, r=%d: got %x, want %x", i, len(tasks), n, r, task.Key, want)
		}
	}
}

// The vectors of RFC 7914, section 12, with p = 1 that fit into a test's memory.
func TestDerive_gives_the_results_of_RFC_7914(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		password, salt string
		n, r           int
		want           string
	}{
		{"", "", 16, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
		{"pleaseletmein", "SodiumChloride", 16384, 8, "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
	} {
		for _, k := range kinds() {
			m := memory(t, test.n, test.r, k)
			for company := 1; company <= k.lanes(); company++ {
				tasks := different(company)
				vector := tasks[company-1]
				vector.Password, vector.Salt = test.password, test.salt
				m.Derive(tasks...)
				if got := hex.EncodeToString(vector.Key[:]); got != test.want {
					t.Errorf("%s, N=%d, %d at once: got %s, want %s", k.name, test.n, company, got, test.want)
				}
			}
		}
	}
}

func TestDerive_equals_x_crypto_at_every_size_even_in_used_memory(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{2, 4, 32, 256} {
				for r := 1; r <= 17; r++ {
					m := memory(t, n, r, k)
					for company := 1; company <= maxLanes+1; company++ {
						tasks := different(company)
						m.Derive(tasks...)
						mustEqualReference(t, n, r, tasks...)
					}
				}
			}
		})
	}
}

func TestNewMemory_is_for_the_parameters_of_Better_Auth(t *testing.T) {
	t.Parallel()
	for _, lanes := range []int{-1, 1, 2, 3, maxLanes, maxLanes + 1} {
		m, err := NewMemory(lanes)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.Release)
		if want := min(max(lanes, 1), MaxLanes()); m.lanes != want {
			t.Errorf("%d lanes asked for, got %d, want %d", lanes, m.lanes, want)
		}
		tasks := different(m.lanes)
		m.Derive(tasks...)
		mustEqualReference(t, 16384, 16, tasks...)
	}
}

func TestDerive_of_nothing_does_nothing(t *testing.T) {
	t.Parallel()
	for _, k := range kinds() {
		memory(t, 16, 1, k).Derive()
	}
}

// What a pass of four leaves must not stay for as long as others sign in alone.
func TestDerive_leaves_nothing_of_passes_before_the_last(t *testing.T) {
	t.Parallel()
	for _, k := range kernels() {
		for company := 1; company < maxLanes; company++ {
			used, fresh := memory(t, 32, 2, k), memory(t, 32, 2, k)
			used.Derive(different(maxLanes)...)
			used.Derive(different(company)...)
			fresh.Derive(different(company)...)
			if !slices.Equal(used.table, fresh.table) || !slices.Equal(used.x, fresh.x) {
				t.Errorf("%s: after four and %d at once there is more than of %d", k.name, company, company)
			}
		}
	}
}

func TestRelease_gives_the_memory_back_and_may_be_repeated(t *testing.T) {
	t.Parallel()
	m, err := newMemory(16, 1, 1, kernel{})
	if err != nil {
		t.Fatal(err)
	}
	m.Derive(different(1)...)
	m.Release()
	if m.space != nil || m.table != nil || m.x != nil || m.y != nil {
		t.Error("memory is still held")
	}
	m.Release()
}

// Lanes have their places in a state, and none is another's.
func TestSpread_and_collect_are_each_other_s_reverse(t *testing.T) {
	t.Parallel()
	const r = 3
	state := make([]uint32, maxLanes*blockWords*r)
	blocks := make([][]byte, maxLanes)
	for lane := range blocks {
		blocks[lane] = make([]byte, 4*blockWords*r)
		for i := range blocks[lane] {
			blocks[lane][i] = byte(7*i + 31*lane)
		}
		spread(state, blocks[lane], lane)
	}
	for lane, block := range blocks {
		got := make([]byte, len(block))
		collect(got, state, lane)
		if string(got) != string(block) {
			t.Errorf("lane %d: got %x, want %x", lane, got, block)
		}
	}
}

// FuzzDerive compares with x/crypto at costs small enough to run many.
func FuzzDerive(f *testing.F) {
	f.Add("password", "salt", uint8(4), uint8(15), uint8(3))
	f.Add("", "", uint8(0), uint8(0), uint8(0))
	f.Add("\x00", "\xff", uint8(7), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, password, salt string, logN, r, company uint8) {
		n, size := 2<<(logN%8), 1+int(r%16)
		for _, k := range kinds() {
			tasks := make([]*Task, 1+company%maxLanes)
			for i := range tasks {
				// All different, each once at its very beginning and end.
				tasks[i] = &Task{Password: password + strings.Repeat("x", i), Salt: strings.Repeat("y", i) + salt}
			}
			memory(t, n, size, k).Derive(tasks...)
			mustEqualReference(t, n, size, tasks...)
		}
	})
}

func TestDerive_allocates_little(t *testing.T) {
	m, err := NewMemory(maxLanes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Release)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m.Derive(different(maxLanes)...)
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("one pass allocates %d bytes, want less than 1 MiB", allocated)
	}
}

// BenchmarkDerive shows the time of one key: alone, and in company.
func BenchmarkDerive(b *testing.B) {
	b.Run("of=x_crypto/lanes=1", func(b *testing.B) {
		for b.Loop() {
			if _, err := reference.Key([]byte("correct horse battery staple"), []byte("00112233445566778899aabbccddeeff"), cost, blockSize, 1, KeyLen); err != nil {
				b.Fatal(err)
			}
		}
		perKey(b, 1)
	})
	b.Run("of=Go/lanes=1", func(b *testing.B) { benchDerive(b, kernel{}, 1) })
	for _, k := range kernels() {
		for lanes := 2; lanes <= maxLanes; lanes++ {
			b.Run(fmt.Sprintf("of=%s/lanes=%d", k.name, lanes), func(b *testing.B) { benchDerive(b, k, lanes) })
		}
	}
	b.Run("of=Go,_new_memory/lanes=1", func(b *testing.B) {
		for b.Loop() {
			m, err := NewMemory(maxLanes)
			if err != nil {
				b.Fatal(err)
			}
			m.Derive(different(1)...)
			m.Release()
		}
		perKey(b, 1)
	})
}

func benchDerive(b *testing.B, k kernel, lanes int) {
	b.Helper()
	m := memory(b, cost, blockSize, k)
	tasks := different(lanes)
	for b.Loop() {
		m.Derive(tasks...)
	}
	perKey(b, lanes)
}

func perKey(b *testing.B, lanes int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*lanes), "ms/key")
}
