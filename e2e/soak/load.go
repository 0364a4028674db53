package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const password = "correct horse battery"

// load are clients of one server.
type load struct {
	url     string
	http    *http.Client
	clients int
	visits  []visit
	total   int // of the weights

	mu     sync.Mutex
	counts map[string]int
}

// visit is something that clients do, as often as its weight says.
type visit struct {
	name   string
	weight int
	do     func(ctx context.Context, p *person)
}

// person is a client with the session of a user.
type person struct {
	l      *load
	email  string
	cookie string
	n      int
}

func newLoad(url string, clients int) *load {
	l := &load{url: url, clients: clients, counts: map[string]int{}, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	l.visits = []visit{
		{"session", 50, func(ctx context.Context, p *person) { p.ask(ctx, "GET", "/get-session", nil) }},
		{"sessions of the user", 5, func(ctx context.Context, p *person) { p.ask(ctx, "GET", "/list-sessions", nil) }},
		{"update", 8, func(ctx context.Context, p *person) {
			p.n++
			p.ask(ctx, "POST", "/update-user", map[string]any{"name": fmt.Sprint("name ", p.n)})
		}},
		{"sign-in", 4, func(ctx context.Context, p *person) {
			p.ask(ctx, "POST", "/sign-out", map[string]any{})
			p.signIn(ctx)
		}},
		{"sign-up", 2, func(ctx context.Context, p *person) { p.come(ctx) }},
		{"wrong password", 3, func(ctx context.Context, p *person) {
			p.ask(ctx, "POST", "/sign-in/email", map[string]any{"email": p.email, "password": "wrong horse"})
		}},
		{"wrong input", 8, func(ctx context.Context, p *person) { p.blunder(ctx) }},
		{"left early", 12, func(ctx context.Context, p *person) { p.leave(ctx) }},
		{"slow client", 1, func(ctx context.Context, p *person) { p.dawdle(ctx) }},
	}
	for _, v := range l.visits {
		l.total += v.weight
	}
	return l
}

// prepare signs the first user of each client up.
func (l *load) prepare(ctx context.Context) error {
	p := &person{l: l}
	if !p.come(ctx) {
		return fmt.Errorf("the first sign-up is answered with %v", l.counts)
	}
	return nil
}

// run runs the clients until the context ends.
func (l *load) run(ctx context.Context) {
	var all sync.WaitGroup
	for range l.clients {
		all.Go(func() {
			p := &person{l: l}
			for ctx.Err() == nil && !p.come(ctx) {
				wait(ctx, time.Second)
			}
			for ctx.Err() == nil {
				l.next().do(ctx, p)
			}
		})
	}
	all.Wait()
	l.http.CloseIdleConnections()
}

func (l *load) next() visit {
	at := rand.IntN(l.total)
	for _, v := range l.visits {
		if at -= v.weight; at < 0 {
			return v
		}
	}
	return l.visits[0]
}

func (l *load) count(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[what]++
}

// report prints what was answered.
func (l *load) report(w io.Writer) {
	for _, what := range slices.Sorted(maps.Keys(l.counts)) {
		_, _ = fmt.Fprintf(w, "%8d × %s\n", l.counts[what], what)
	}
}

// come signs a new user up.
func (p *person) come(ctx context.Context) bool {
	email := fmt.Sprintf("user-%x@example.com", rand.Uint64())
	cookie, status := p.ask(ctx, "POST", "/sign-up/email", map[string]any{"name": "N", "email": email, "password": password})
	if status == http.StatusOK {
		p.email, p.cookie = email, cookie
	}
	return status == http.StatusOK
}

func (p *person) signIn(ctx context.Context) {
	if cookie, status := p.ask(ctx, "POST", "/sign-in/email", map[string]any{"email": p.email, "password": password}); status == http.StatusOK {
		p.cookie = cookie
	}
}

// blunder sends what nobody should.
func (p *person) blunder(ctx context.Context) {
	switch rand.IntN(5) {
	case 0:
		p.send(ctx, "POST", "/sign-in/email", []byte(`{"email":`))
	case 1:
		p.send(ctx, "POST", "/sign-up/email", []byte(`{"email":["a"],"password":{},"name":1e400}`))
	case 2:
		p.send(ctx, "GET", fmt.Sprintf("/no/such/%x", rand.Uint64()), nil)
	case 3:
		p.send(ctx, "POST", "/update-user", bytes.Repeat([]byte(" "), 2<<20))
	case 4:
		p.send(ctx, "POST", "/reset-password", fmt.Appendf(nil, `{"token":"%x","newPassword":"correct horse"}`, rand.Uint64()))
	}
}

// leave goes away before the answer.
func (p *person) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(20))*time.Millisecond)
	defer cancel()
	switch rand.IntN(3) {
	case 0:
		p.ask(ctx, "GET", "/get-session", nil)
	case 1:
		p.ask(ctx, "POST", "/update-user", map[string]any{"name": "left"})
	case 2:
		p.ask(ctx, "POST", "/sign-in/email", map[string]any{"email": p.email, "password": password})
	}
}

// dawdle sends a part of a request and waits until the server has had enough of it,
// or goes away before that.
func (p *person) dawdle(ctx context.Context) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.l.url, "http://"))
	if err != nil {
		p.l.count("slow client: not connected")
		return
	}
	defer func() { _ = conn.Close() }()
	parts := []string{"GET /api/auth/get-session HTTP/1.1\r\nHost: x\r\nX-", "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"}
	_, _ = io.WriteString(conn, parts[rand.IntN(len(parts))])
	_ = conn.SetReadDeadline(time.Now().Add(time.Duration(rand.IntN(20)) * time.Second))
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_, _ = io.Copy(io.Discard, conn)
	p.l.count("slow client: gone")
}

func (p *person) ask(ctx context.Context, method, path string, body any) (cookie string, status int) {
	if body == nil {
		return p.send(ctx, method, path, nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of texts
	}
	return p.send(ctx, method, path, text)
}

func (p *person) send(ctx context.Context, method, path string, body []byte) (cookie string, status int) {
	r, err := http.NewRequestWithContext(ctx, method, p.l.url+"/api/auth"+path, bytes.NewReader(body))
	if err != nil {
		panic(err) // the addresses are those above
	}
	r.Header.Set("Origin", p.l.url)
	r.Header.Set("Content-Type", "application/json")
	if p.cookie != "" {
		r.Header.Set("Cookie", p.cookie)
	}
	route := method + " /" + strings.SplitN(path, "/", 3)[1]
	response, err := p.l.http.Do(r)
	if err != nil {
		p.l.count("left early")
		return "", 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	p.l.count(fmt.Sprint(route, " ", response.StatusCode))
	cookie, _, _ = strings.Cut(response.Header.Get("Set-Cookie"), ";")
	return cookie, response.StatusCode
}
