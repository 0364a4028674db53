package password

import (
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/scrypt"
)

// BenchmarkOtherRequests measures what becomes of other requests while eight
// clients sign in without pause: sixteen connections ask, one after the other,
// for something that takes 40 µs of a core. An operation is one such request.
func BenchmarkOtherRequests(b *testing.B) {
	b.Run("beside=nothing", func(b *testing.B) { benchOtherRequests(b, nil) })
	b.Run("beside=scheduled_hashing", func(b *testing.B) {
		s := NewScrypt(Limits{})
		benchOtherRequests(b, func() error {
			_, err := s.Hash(b.Context(), "correct horse battery staple")
			return err
		})
	})
	b.Run("beside=scheduled_hashing_on_all_cores", func(b *testing.B) {
		s := NewScrypt(Limits{Parallel: 2})
		benchOtherRequests(b, func() error {
			_, err := s.Hash(b.Context(), "correct horse battery staple")
			return err
		})
	})
	b.Run("beside=unbounded_x_crypto", func(b *testing.B) {
		benchOtherRequests(b, func() error {
			_, err := scrypt.Key([]byte("correct horse battery staple"), []byte("00112233445566778899aabbccddeeff"), 16384, 16, 1, 64)
			return err
		})
	})
}

func benchOtherRequests(b *testing.B, hash func() error) {
	b.Helper()
	address := answerOn(b)
	var done atomic.Bool
	var hashes atomic.Int64
	var all sync.WaitGroup
	if hash != nil {
		for range 8 {
			all.Go(func() {
				for !done.Load() {
					if err := hash(); err != nil {
						b.Error(err)
						return
					}
					hashes.Add(1)
				}
			})
		}
	}
	b.ResetTimer()
	latencies := ask(b, address, 16)
	b.StopTimer()
	hashed := hashes.Load()
	done.Store(true)
	all.Wait()
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(hashed)/b.Elapsed().Seconds(), "hashes/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// ask makes b.N requests over the given number of connections.
func ask(b *testing.B, address string, connections int) (latencies []time.Duration) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			own, err := askAlone(address, &left)
			if err != nil {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, own...)
		})
	}
	all.Wait()
	return latencies
}

func askAlone(address string, left *atomic.Int64) (latencies []time.Duration, err error) {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	defer connection.Close()
	message := make([]byte, 1)
	for left.Add(-1) >= 0 {
		began := time.Now()
		if _, err := connection.Write(message); err != nil {
			return nil, fmt.Errorf("write: %w", err)
		}
		if _, err := io.ReadFull(connection, message); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		latencies = append(latencies, time.Since(began))
	}
	return latencies, nil
}

// answerOn serves until the benchmark ends: each byte costs 40 µs.
func answerOn(b *testing.B) (address string) {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	b.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { answer(connection) })
		}
	})
	return listener.Addr().String()
}

func answer(connection net.Conn) {
	defer connection.Close()
	message := make([]byte, 1)
	for {
		if _, err := io.ReadFull(connection, message); err != nil {
			return
		}
		for began := time.Now(); time.Since(began) < 40*time.Microsecond; {
		}
		if _, err := connection.Write(message); err != nil {
			return
		}
	}
}
