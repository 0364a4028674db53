package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hanging answers requests to slow.test when it is told to, others at once.
type hanging struct {
	goOn    chan struct{}
	running atomic.Int64
}

func (h *hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "slow.test" {
		h.running.Add(1)
		defer h.running.Add(-1)
		select {
		case <-h.goOn:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if r.URL.Path == "/fails" {
		return nil, errors.New("connection reset")
	}
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader("x"))}, nil
}

func get(ctx context.Context, client *http.Client, address string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(r)
}

func TestBounded_keeps_a_host_that_hangs_from_holding_up_others(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{goOn: make(chan struct{})}
		client := Bounded(&http.Client{Transport: h})
		var group sync.WaitGroup
		var busy, answered atomic.Int64
		for range 500 {
			group.Go(func() {
				began := time.Now()
				response, err := get(t.Context(), client, "https://slow.test/")
				var refused *BusyError
				switch {
				case err == nil:
					answered.Add(1)
					response.Body.Close()
				case errors.As(err, &refused) && time.Since(began) == maxWait && refused.Host == "slow.test":
					busy.Add(1)
				default:
					t.Errorf("error %v after %s", err, time.Since(began))
				}
			})
		}
		synctest.Wait()
		if n := h.running.Load(); n != maxPerHost {
			t.Errorf("%d requests are under way", n)
		}
		began := time.Now()
		for _, address := range []string{"https://quick.test/", "https://quick.test/fails"} {
			if response, err := get(t.Context(), client, address); err == nil {
				response.Body.Close()
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("another host took %s", took)
		}
		time.Sleep(maxWait + time.Second)
		close(h.goOn)
		group.Wait()
		if busy.Load() != 500-maxPerHost || answered.Load() != maxPerHost {
			t.Errorf("%d were refused, %d answered", busy.Load(), answered.Load())
		}
		if hosts := client.Transport.(*bulkhead).hosts; len(hosts) != 0 {
			t.Errorf("remembered: %v", hosts)
		}
	})
}

func TestBounded_holds_the_place_while_an_answer_is_read(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := Bounded(&http.Client{Transport: &hanging{}})
		var open []*http.Response
		for range maxPerHost {
			response, err := get(t.Context(), client, "https://quick.test/")
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, response)
		}
		var refused *BusyError
		if response, err := get(t.Context(), client, "https://quick.test/"); !errors.As(err, &refused) {
			t.Errorf("response %v, error %v", response, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if response, err := get(ctx, client, "https://quick.test/"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("response %v, error %v", response, err)
		}
		for _, response := range open {
			response.Body.Close()
			response.Body.Close() // a place is given back once
		}
		response, err := get(t.Context(), client, "https://quick.test/")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	})
}
