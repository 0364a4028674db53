package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ostiary/ostiary/mail"
)

// flaky is a sender that fails as it is told.
type flaky struct {
	mu       sync.Mutex
	failures []error
	attempts int
}

func (f *flaky) Send(context.Context, mail.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts++
	if f.attempts <= len(f.failures) {
		return f.failures[f.attempts-1]
	}
	return nil
}

// passing is an error that may not come again.
type passing struct{}

func (passing) Error() string   { return "try later" }
func (passing) Temporary() bool { return true }

func write() (mail.Message, error) { return mail.Message{To: "a@b.example"}, nil }

// results counts what became of mails.
type results struct {
	mu sync.Mutex
	n  map[string]int
}

func (r *results) count(result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]int{}
	}
	r.n[result]++
}

func (r *results) all() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.n)
}

func newTestOutbox(s mail.Sender) (*outbox, *results) {
	var r results
	return newOutbox(s, slog.New(slog.DiscardHandler), r.count), &r
}

func TestMailsAreTriedAgainWhereThatMayHelp(t *testing.T) {
	t.Parallel()
	permanent := errors.New("no such user")
	for _, c := range []struct {
		name     string
		failures []error
		write    func() (mail.Message, error)
		attempts int
		result   string
	}{
		{"at once", nil, write, 1, "sent"},
		{"at the third attempt", []error{passing{}, passing{}}, write, 3, "sent"},
		{"refused for good", []error{permanent}, write, 1, "failed"},
		{"refused for good later", []error{passing{}, permanent}, write, 2, "failed"},
		{"never", []error{passing{}, passing{}, passing{}, passing{}}, write, 4, "failed"},
		{"not written", nil, func() (mail.Message, error) { return mail.Message{}, permanent }, 0, "failed"},
		{"panic", nil, func() (mail.Message, error) { panic("oops") }, 0, "failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sender := &flaky{failures: c.failures}
			o, results := newTestOutbox(sender)
			o.delays = []time.Duration{0, 0, 0}
			o.post(t.Context(), mail.KindVerification, c.write)
			o.letters.Wait()
			if diff := cmp.Diff(map[string]int{c.result: 1}, results.all()); diff != "" || sender.attempts != c.attempts {
				t.Errorf("%d attempts, %s", sender.attempts, diff)
			}
		})
	}
}

func TestClosingDoesNotWaitForTheNextAttemptButMakesIt(t *testing.T) {
	t.Parallel()
	sender := &flaky{failures: []error{passing{}}}
	o, results := newTestOutbox(sender)
	o.delays = []time.Duration{time.Hour, time.Hour}
	o.post(t.Context(), mail.KindVerification, write)
	if err := o.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"sent": 1}, results.all()); diff != "" {
		t.Error(diff)
	}
	o.post(t.Context(), mail.KindVerification, write)
	if diff := cmp.Diff(map[string]int{"sent": 1, "dropped": 1}, results.all()); diff != "" {
		t.Error("after the end: " + diff)
	}
}

func TestTheOutboxIsBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	o, results := newTestOutbox(mail.SenderFunc(func(context.Context, mail.Message) error {
		<-release
		return nil
	}))
	for range maxWaiting + 5 {
		o.post(t.Context(), mail.KindVerification, write)
	}
	if n := o.queued(); n != maxWaiting {
		t.Errorf("%d are waiting", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("close did not give up: %v", err)
	}
	close(release)
	o.letters.Wait()
	if diff := cmp.Diff(map[string]int{"sent": maxWaiting, "dropped": 5}, results.all()); diff != "" {
		t.Error(diff)
	}
}
