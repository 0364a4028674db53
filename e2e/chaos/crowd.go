package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// crowd are clients that use the nodes in turn, as behind a proxy that prefers
// those that are ready, and remember what was acknowledged.
type crowd struct {
	s    *scene
	http *http.Client
	name string

	answers, busy, cut, other, longest atomic.Int64

	mu      sync.Mutex
	people  []*person
	ended   []string // cookies of sessions whose sign-out was acknowledged
	unusual map[string]int
}

// person is a user whose sign-up was acknowledged.
type person struct {
	email, name string
	unsure      map[string]bool // names whose change was not acknowledged
}

const password = "correct horse battery"

func newCrowd(s *scene) *crowd {
	return &crowd{
		s: s, name: fmt.Sprintf("%x", rand.Uint64()), unusual: map[string]int{},
		http: &http.Client{Timeout: 40 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: s.workers}},
	}
}

// load runs the clients until the context ends.
func (c *crowd) load(ctx context.Context) {
	var clients sync.WaitGroup
	for i := range c.s.workers {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				c.visit(ctx, fmt.Sprintf("%s-%d-%d@example.com", c.name, i, n))
			}
		})
	}
	clients.Wait()
}

// visit is one person's: sign-up, a few looks, changes of the name, sign-out.
// Requests that have begun are finished when the load ends.
func (c *crowd) visit(ctx context.Context, email string) {
	cookie, status, _ := c.ask("POST", "/sign-up/email", "", map[string]any{"name": "0", "email": email, "password": password})
	if status != http.StatusOK {
		return
	}
	p := &person{email: email, name: "0", unsure: map[string]bool{}}
	c.mu.Lock()
	c.people = append(c.people, p)
	c.mu.Unlock()
	for n := 1; n <= 40 && ctx.Err() == nil; n++ {
		if n%10 != 0 {
			c.look(p, cookie)
			continue
		}
		name := fmt.Sprint(n)
		p.unsure[name] = true // it may have happened, whatever is answered
		if _, status, _ := c.ask("POST", "/update-user", cookie, map[string]any{"name": name}); status == http.StatusOK {
			p.name, p.unsure = name, map[string]bool{}
		}
	}
	if _, status, _ := c.ask("POST", "/sign-out", cookie, map[string]any{}); status == http.StatusOK {
		c.mu.Lock()
		c.ended = append(c.ended, cookie)
		c.mu.Unlock()
	}
}

// look asks for the session. It must be there, with the name that was set last,
// which other nodes may take a lease to hear of.
func (c *crowd) look(p *person, cookie string) {
	_, status, body := c.ask("GET", "/get-session", cookie, nil)
	if status == http.StatusOK && !strings.Contains(body, p.email) {
		c.note("a live session was not found: " + body)
	}
}

// node returns a node, one that takes requests if there is one.
func (c *crowd) node() *node {
	at := rand.IntN(len(c.s.nodes))
	for i := range c.s.nodes {
		if n := c.s.nodes[(at+i)%len(c.s.nodes)]; !n.isShunned() {
			return n
		}
	}
	return c.s.nodes[at]
}

// ask sends a request to some node. A refused connection is tried at the next one,
// as every proxy does: nothing was sent.
func (c *crowd) ask(method, path, cookie string, body any) (newCookie string, status int, text string) {
	began := time.Now()
	defer func() { c.took(time.Since(began)) }()
	var payload []byte
	if body != nil {
		payload, _ = json.Marshal(body)
	}
	for range 5 {
		n := c.node()
		r, _ := http.NewRequestWithContext(context.Background(), method, n.url+"/api/auth"+path, bytes.NewReader(payload))
		r.Header.Set("Origin", "http://auth.test")
		r.Header.Set("Content-Type", "application/json")
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		response, err := c.http.Do(r)
		if err != nil {
			if strings.Contains(err.Error(), "connection refused") {
				n.shun()
				continue
			}
			c.lose(method+" "+path, err)
			return "", 0, ""
		}
		if response.Close {
			n.shun()
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			c.lose(method+" "+path, err)
			return "", 0, ""
		}
		c.count(response, method+" "+path, string(content))
		newCookie, _, _ = strings.Cut(response.Header.Get("Set-Cookie"), ";")
		return newCookie, response.StatusCode, string(content)
	}
	c.lose(method+" "+path, errors.New("no node accepts connections"))
	return "", 0, ""
}

// lose counts a request whose connection was lost, and remembers how.
func (c *crowd) lose(what string, err error) {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner // the outer ones name the ports
	}
	c.cut.Add(1)
	c.note(what + ": lost: " + err.Error())
}

func (c *crowd) took(d time.Duration) {
	for {
		longest := c.longest.Load()
		if int64(d) <= longest || c.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

func (c *crowd) count(r *http.Response, what, body string) {
	switch {
	case r.StatusCode == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != "":
		c.busy.Add(1)
	case r.StatusCode >= 400:
		c.other.Add(1)
		c.note(fmt.Sprintf("%s: %d %.120s", what, r.StatusCode, body))
	default:
		c.answers.Add(1)
	}
}

func (c *crowd) note(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unusual[what]++
}

func (c *crowd) oddities() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for what, n := range c.unusual {
		list = append(list, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(list)
	return list
}

// check returns what was acknowledged and does not hold.
func (c *crowd) check(ctx context.Context) []string {
	var broken []string
	if err := c.recovered(ctx); err != nil {
		broken = append(broken, err.Error())
	}
	for _, query := range []struct{ what, statement string }{
		{"users without a way in", `select count(*) from "user" u where not exists (select 1 from account a where a."userId" = u.id)`},
		{"addresses that stand twice", `select count(*) from (select email from "user" group by email having count(*) > 1) t`},
		{"accounts of nobody", `select count(*) from account a where not exists (select 1 from "user" u where u.id = a."userId")`},
		{"sessions of nobody", `select count(*) from session s where not exists (select 1 from "user" u where u.id = s."userId")`},
	} {
		if out, err := c.s.database.query(query.statement); err != nil || strings.TrimSpace(out) != "0" {
			broken = append(broken, fmt.Sprintf("%s: %s %v", query.what, strings.TrimSpace(out), err))
		}
	}
	names, err := c.names()
	if err != nil {
		broken = append(broken, fmt.Sprintf("the names of the users: %v", err))
	}
	for i, p := range c.people {
		if name := names[p.email]; name != p.name && !p.unsure[name] {
			broken = append(broken, fmt.Sprintf("%s is %q, but %q was acknowledged", p.email, name, p.name))
		}
		if i%20 == 0 { // a password takes long
			if _, status, body := c.ask("POST", "/sign-in/email", "", map[string]any{"email": p.email, "password": password}); status != http.StatusOK {
				broken = append(broken, fmt.Sprintf("%s cannot sign in: %d %s", p.email, status, body))
			}
		}
	}
	for _, cookie := range c.ended {
		if _, status, body := c.ask("GET", "/get-session", cookie, nil); status != http.StatusOK || body != "null" {
			broken = append(broken, fmt.Sprintf("a session that has ended is answered with %d %s", status, body))
		}
	}
	return broken
}

// names returns the names of all users with a password, by address.
func (c *crowd) names() (map[string]string, error) {
	out, err := c.s.database.query(`select concat(u.email, ' ', u.name) from "user" u join account a on a."userId" = u.id and a."providerId" = 'credential' order by u.email`)
	names := map[string]string{}
	for line := range strings.Lines(out) {
		email, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		names[email] = name
	}
	return names, err
}

// recovered waits until all nodes are ready again.
func (c *crowd) recovered(ctx context.Context) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); wait(ctx, 50*time.Millisecond) {
		ready := 0
		for _, n := range c.s.nodes {
			if n.ready() {
				ready++
			}
		}
		if ready == len(c.s.nodes) {
			return nil
		}
	}
	return errors.New("the nodes do not recover within 10 s")
}
