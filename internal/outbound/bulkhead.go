package outbound

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// maxPerHost is how many requests to one host are under way at once, the
	// reading of their answers included.
	maxPerHost = 64
	// maxWait is how long another one waits for its turn.
	maxWait = 2 * time.Second
)

// Bounded returns a client like another one whose requests to each host are
// bounded: a host that does not answer holds no more than 64 of them, and others are
// refused after two seconds with a [BusyError]. So whoever waits for one host is not
// held up by another.
func Bounded(client *http.Client) *http.Client {
	bounded := *client
	next := bounded.Transport
	if next == nil {
		next = http.DefaultTransport //nolint:forbidigo // what a client without a transport means
	}
	bounded.Transport = &bulkhead{next: next, hosts: map[string]*host{}}
	return &bounded
}

// BusyError is the refusal of a request to a host that has too many already.
type BusyError struct{ Host string }

// Error names the host.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%d requests to %s are under way, and none was answered within %s", maxPerHost, e.Host, maxWait)
}

type bulkhead struct {
	next http.RoundTripper

	mu    sync.Mutex
	hosts map[string]*host // those with requests
}

// host has the requests to one host.
type host struct {
	places chan struct{}
	users  int // that have a place or wait for one; guarded by bulkhead.mu
}

// RoundTrip sends a request when there is a place for it.
func (b *bulkhead) RoundTrip(r *http.Request) (*http.Response, error) {
	leave, err := b.enter(r.Context(), r.URL.Host)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // as a RoundTripper must
		}
		return nil, err
	}
	response, err := b.next.RoundTrip(r)
	if err != nil {
		leave()
		return nil, err
	}
	response.Body = &leaving{response.Body, sync.OnceFunc(leave)}
	return response, nil
}

// CloseIdleConnections closes connections that no request uses.
func (b *bulkhead) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// enter waits for a place, and returns what gives it back.
func (b *bulkhead) enter(ctx context.Context, name string) (leave func(), err error) {
	b.mu.Lock()
	h := b.hosts[name]
	if h == nil {
		h = &host{places: make(chan struct{}, maxPerHost)}
		b.hosts[name] = h
	}
	h.users++
	b.mu.Unlock()
	if err := h.wait(ctx, name); err != nil {
		b.forget(h, name)
		return nil, err
	}
	return func() {
		<-h.places
		b.forget(h, name)
	}, nil
}

func (h *host) wait(ctx context.Context, name string) error {
	select {
	case h.places <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case h.places <- struct{}{}:
		return nil
	case <-timer.C:
		return &BusyError{name}
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bulkhead) forget(h *host, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(b.hosts, name)
	}
}

// leaving is the body of an answer that gives the place back when it is closed.
type leaving struct {
	io.ReadCloser
	leave func()
}

// Close closes the body.
func (l *leaving) Close() error {
	defer l.leave()
	return l.ReadCloser.Close()
}
