package redis_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/internal/faultproxy"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/ostiarytest"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/storage/redis"
)

// These tests break Redis under nodes that keep sessions there, and say what
// clients see. The database is PostgreSQL.

// keeping says where sessions are: in Redis alone, or in the database with a copy
// in Redis.
type keeping struct {
	database bool
	timeout  time.Duration // of Redis; faultTimeout unless it is set
}

func inBothWays(t *testing.T, test func(t *testing.T, k keeping)) {
	t.Helper()
	for name, k := range map[string]keeping{"in Redis alone": {}, "in the database as well": {database: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, k)
		})
	}
}

// deployment is a few nodes over one database, each with a proxy of its own to one
// Redis.
type deployment struct {
	t       testing.TB
	nodes   []*ostiarytest.Auth
	proxies []*faultproxy.Proxy
}

const faultTimeout = 250 * time.Millisecond

func deploy(t *testing.T, nodes int, redisAddress string, k keeping, settings ...func(*ostiary.Options)) *deployment {
	t.Helper()
	dsn := testservice.Postgres(t)
	d := &deployment{t: t}
	for range nodes {
		proxy, err := faultproxy.New(redisAddress)
		if err != nil {
			t.Fatal(err)
		}
		db, err := postgres.Open(dsn)
		if err != nil {
			t.Fatal(err)
		}
		o := ostiary.Options{Database: db, SecondaryStorage: redis.New(redis.Options{URL: "redis://" + proxy.Address(), Timeout: cmp.Or(k.timeout, faultTimeout)})}
		o.Session.StoreInDatabase, o.Verification.StoreInDatabase = k.database, k.database
		for _, set := range settings {
			set(&o)
		}
		t.Cleanup(proxy.Close)
		d.nodes = append(d.nodes, ostiarytest.New(t, o))
		d.proxies = append(d.proxies, proxy)
	}
	return d
}

// ask sends a request of a browser to a node.
func (d *deployment) ask(node int, b *ostiarytest.Browser, path string, body any) *httptest.ResponseRecorder {
	d.t.Helper()
	method, text := http.MethodGet, []byte(nil)
	if body != nil {
		method = http.MethodPost
		text, _ = json.Marshal(body)
	}
	r := httptest.NewRequest(method, "/api/auth"+path, bytes.NewReader(text))
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return b.Do(d.nodes[node], r)
}

// session returns what a node answers to a browser that asks for its session, and
// the session if there is one.
func (d *deployment) session(node int, b *ostiarytest.Browser) (status int, s *api.SessionAndUser) {
	d.t.Helper()
	w := d.ask(node, b, "/get-session", nil)
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			d.t.Fatal(err)
		}
	}
	return w.Code, s
}

// twin returns a second browser of the same user, with a session of its own.
func (d *deployment) twin(node int, email string) *ostiarytest.Browser {
	d.t.Helper()
	return d.nodes[node].SignIn(d.t, email, ostiarytest.Password)
}

func ownRedis(t *testing.T, settings ...string) *testservice.Server {
	t.Helper()
	testservice.SkipShort(t, "Redis")
	server, err := testservice.StartRedis(settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return server
}

// unused is an address at which nobody listens.
func unused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestRR_30_RedisIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		server := ownRedis(t)
		d := deploy(t, 1, unused(t), k)
		d.nodes[0].Kernel() // it has started
		alice := d.nodes[0].Browser(t)
		signUp := func() *httptest.ResponseRecorder {
			return d.ask(0, alice, "/sign-up/email", map[string]any{"name": "Alice", "email": "alice@example.com", "password": ostiarytest.Password})
		}
		w := signUp()
		if k.database {
			if status, s := d.session(0, alice); w.Code != http.StatusOK || status != http.StatusOK || s == nil {
				t.Fatalf("sign-up answers %d, the session %d %v", w.Code, status, s)
			}
		} else if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Fatalf("sign-up answers %d %s", w.Code, w.Body)
		}
		d.proxies[0].Retarget(host(t, server.DSN))
		until(t, "it recovers", func() bool {
			if k.database {
				_, _ = d.session(0, alice)
				keys, err := testservice.AskRedis(server.DSN, "DBSIZE")
				return err == nil && keys != "0" // the session was copied
			}
			return signUp().Code == http.StatusOK // the sign-up that failed has left nothing
		})
		ostiarytest.AssertSignedIn(t, alice, "alice@example.com")
	})
}

func TestRR_31_RedisIsKilledAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		first, second := ownRedis(t), ownRedis(t)
		d := deploy(t, 1, host(t, first.DSN), k)
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		gone, ended := d.twin(0, "alice@example.com"), d.twin(0, "alice@example.com")
		token := ended.Session().Session.Token
		if w := d.ask(0, gone, "/sign-out", map[string]any{}); w.Code != http.StatusOK {
			t.Fatalf("sign-out: %d", w.Code)
		}
		if w := d.ask(0, alice, "/revoke-session", map[string]any{"token": token}); w.Code != http.StatusOK {
			t.Fatalf("revoke: %d", w.Code)
		}
		if err := first.Stop(); err != nil { // SIGKILL, nothing on disk
			t.Fatal(err)
		}
		for range 20 {
			switch status, s := d.session(0, alice); {
			case k.database && (status != http.StatusOK || s == nil), !k.database && status != http.StatusServiceUnavailable:
				t.Fatalf("while it is down: %d, %v", status, s)
			}
		}
		d.proxies[0].Retarget(host(t, second.DSN))
		until(t, "it recovers", func() bool {
			return d.nodes[0].Kernel().Config().SecondaryStorage.(*redis.Store).Ping(t.Context()) == nil
		})
		if status, s := d.session(0, alice); status != http.StatusOK || (s != nil) != k.database {
			t.Errorf("a live session: %d, %v", status, s)
		}
		if status, s := d.session(0, ended); status != http.StatusOK || s != nil {
			t.Errorf("a session that was revoked before: %d, %v", status, s)
		}
		if again := d.twin(0, "alice@example.com"); again.Session() == nil {
			t.Error("nobody can sign in")
		}
	})
}

func TestRR_32_RedisIsSlowOrSwallowsEverything(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(p *faultproxy.Proxy, on bool){
		"swallows": func(p *faultproxy.Proxy, on bool) { p.Swallow(on); p.CutAll() },
		"slow": func(p *faultproxy.Proxy, on bool) {
			p.Slow(0)
			if on {
				p.Slow(3 * time.Second)
			} else {
				p.CutAll()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBothWays(t, func(t *testing.T, k keeping) {
				d := deploy(t, 1, host(t, ownRedis(t).DSN), k, func(o *ostiary.Options) {
					o.RateLimit = core.RateLimitOptions{Enabled: new(true), Max: 1000}
				})
				alice := d.nodes[0].SignUp(t, "alice@example.com")
				fault(d.proxies[0], true)
				for range 10 { // the circuit opens
					_, _ = d.session(0, alice)
				}
				begun := time.Now()
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						r := httptest.NewRequest(http.MethodGet, ostiarytest.Origin+"/api/auth/ok", nil)
						d.nodes[0].ServeHTTP(httptest.NewRecorder(), r)
					})
				}
				wg.Wait()
				if took := time.Since(begun); took > 5*faultTimeout {
					t.Errorf("50 requests at once take %v although the circuit is open", took)
				}
				begun = time.Now()
				status, s := d.session(0, alice)
				if took := time.Since(begun); took > 8*faultTimeout {
					t.Errorf("a request takes %v", took)
				}
				if k.database && (status != http.StatusOK || s == nil) || !k.database && status != http.StatusServiceUnavailable {
					t.Errorf("the session: %d, %v", status, s)
				}
				// Guesses are counted by the process.
				guesser := d.nodes[0].Browser(t)
				refused := 0
				for range 10 {
					if w := d.ask(0, guesser, "/sign-in/email", map[string]any{"email": "alice@example.com", "password": "a wrong password"}); w.Code == http.StatusTooManyRequests {
						refused++
					}
				}
				if refused != 7 {
					t.Errorf("%d of 10 guesses are refused, want 7", refused)
				}
				fault(d.proxies[0], false)
				until(t, "it recovers", func() bool { status, s := d.session(0, alice); return status == http.StatusOK && s != nil })
			})
		})
	}
}

// A single-use value whose place does not answer is neither fresh nor used.
func TestRR_32_SingleUseValuesAreRefusedWithoutRedis(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		d := deploy(t, 1, host(t, ownRedis(t).DSN), k)
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		if w := d.ask(0, alice, "/request-password-reset", map[string]any{"email": "alice@example.com", "redirectTo": "/reset"}); w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		token := d.nodes[0].Mails.Last(t, ostiarytest.ResetMail).Token
		reset := func(token string) int {
			return d.ask(0, d.nodes[0].Browser(t), "/reset-password", map[string]any{"token": token, "newPassword": "another long password"}).Code
		}
		d.proxies[0].Refuse(true)
		for range 3 {
			if got := reset("a-token-that-nobody-has-made"); got != http.StatusBadRequest && got != http.StatusServiceUnavailable {
				t.Errorf("an unknown token answers %d", got)
			}
		}
		during := 0
		if got := reset(token); got == http.StatusOK {
			during++
		} else if got != http.StatusServiceUnavailable {
			t.Errorf("without Redis the token answers %d", got)
		}
		if during > 0 && !k.database {
			t.Error("a token was accepted that could not be taken")
		}
		d.proxies[0].Refuse(false)
		until(t, "the token is used up, once", func() bool {
			switch reset(token) {
			case http.StatusOK:
				during++
			case http.StatusBadRequest:
				return true
			}
			return false
		})
		if during != 1 {
			t.Errorf("the token was used %d times", during)
		}
	})
}

// One node has lost Redis, the other has not. Whatever the first one
// acknowledges holds at the other, and what it refuses has not happened.
func TestRR_92_OneNodeHasLostRedis(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		d := deploy(t, 2, host(t, ownRedis(t).DSN), k)
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		var others []*ostiarytest.Browser
		for range 3 {
			others = append(others, d.twin(1, "alice@example.com"))
		}
		d.proxies[0].Refuse(true)
		check := func(what string, w *httptest.ResponseRecorder, holds func() bool) {
			t.Helper()
			switch {
			case w.Code == http.StatusOK && !holds():
				t.Errorf("%s was acknowledged, and does not hold at the other node", what)
			case w.Code == http.StatusServiceUnavailable && holds():
				t.Errorf("%s was refused, and has happened", what)
			case w.Code != http.StatusOK && w.Code != http.StatusServiceUnavailable:
				t.Errorf("%s answers %d %s", what, w.Code, w.Body)
			}
		}
		check("a new name", d.ask(0, alice, "/update-user", map[string]any{"name": "Alice Liddell"}), func() bool {
			_, s := d.session(1, alice)
			return s != nil && s.User.Name == "Alice Liddell"
		})
		check("a revocation", d.ask(0, alice, "/revoke-other-sessions", map[string]any{}), func() bool {
			for _, b := range others {
				if _, s := d.session(1, b); s != nil {
					return false
				}
			}
			return true
		})
		d.proxies[0].Refuse(false)
		until(t, "the first node recovers", func() bool {
			return d.ask(0, alice, "/update-user", map[string]any{"name": "Alice Pleasance"}).Code == http.StatusOK
		})
		if _, s := d.session(1, alice); s == nil || s.User.Name != "Alice Pleasance" {
			t.Errorf("the other node shows %+v", s)
		}
		if w := d.ask(0, alice, "/revoke-other-sessions", map[string]any{}); w.Code != http.StatusOK {
			t.Fatalf("revoke: %d", w.Code)
		}
		for _, b := range others {
			if _, s := d.session(1, b); s != nil {
				t.Error("a session that was revoked is accepted by the other node")
			}
		}
	})
}

func TestRR_91_ARevocationHoldsOnOtherNodesAtOnce(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		d := deploy(t, 2, host(t, ownRedis(t).DSN), k)
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		for i := range 20 {
			other := d.twin(i%2, "alice@example.com")
			if _, s := d.session(1-i%2, other); s == nil {
				t.Fatal("no session")
			}
			if w := d.ask(i%2, alice, "/revoke-other-sessions", map[string]any{}); w.Code != http.StatusOK {
				t.Fatalf("revoke: %d", w.Code)
			}
			if _, s := d.session(1-i%2, other); s != nil {
				t.Error("the other node accepts a session that was revoked")
			}
		}
	})
}

func TestRR_36_EvictedSessionsAreMissing(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		server := ownRedis(t, "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru")
		d := deploy(t, 1, host(t, server.DSN), k)
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		value := strings.Repeat("x", 10_000)
		for i := range 500 {
			if _, err := testservice.AskRedis(server.DSN, "SET", fmt.Sprint("filler", i), value); err != nil {
				t.Fatal(err)
			}
		}
		if status, s := d.session(0, alice); status != http.StatusOK || (s != nil) != k.database {
			t.Errorf("the session: %d, %v", status, s)
		}
		ostiarytest.AssertSignedIn(t, d.twin(0, "alice@example.com"), "alice@example.com")
	})
}

// The second factor, whichever node answers which step: a backup code opens one
// session, however many nodes are shown it at once.
func TestRR_90_TheSecondFactorIsRightOnEveryNode(t *testing.T) {
	t.Parallel()
	inBothWays(t, func(t *testing.T, k keeping) {
		d := deploy(t, 3, host(t, ownRedis(t).DSN), k, func(o *ostiary.Options) {
			o.Plugins = []core.Plugin{twofactor.New(twofactor.Options{SkipVerificationOnEnable: true})}
		})
		alice := d.nodes[0].SignUp(t, "alice@example.com")
		w := d.ask(1, alice, "/two-factor/enable", map[string]any{"password": ostiarytest.Password})
		var out twofactor.EnableOutput
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK || len(out.BackupCodes) == 0 {
			t.Fatalf("enable: %d %s", w.Code, w.Body)
		}
		var browsers []*ostiarytest.Browser
		for i := range 9 {
			b := d.nodes[0].Browser(t)
			w := d.ask(i%3, b, "/sign-in/email", map[string]any{"email": "alice@example.com", "password": ostiarytest.Password})
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "twoFactorRedirect") {
				t.Fatalf("the password alone: %d %s", w.Code, w.Body)
			}
			browsers = append(browsers, b)
		}
		codes := make([]int, len(browsers))
		var wg sync.WaitGroup
		for i, b := range browsers {
			wg.Go(func() {
				codes[i] = d.ask((i+1)%3, b, "/two-factor/verify-backup-code", map[string]any{"code": out.BackupCodes[0]}).Code
			})
		}
		wg.Wait()
		passed := 0
		for i, b := range browsers {
			if _, s := d.session((i+2)%3, b); (s != nil) != (codes[i] == http.StatusOK) {
				t.Errorf("answered %d, the session is %v", codes[i], s)
			}
			if codes[i] == http.StatusOK {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("one backup code was accepted %d times: %v", passed, codes)
		}
	})
}

func TestSR_022_RateLimitsAreExactOverSeveralNodes(t *testing.T) {
	t.Parallel()
	server := ownRedis(t)
	d := deploy(t, 3, host(t, server.DSN), keeping{database: true, timeout: 20 * time.Second}, func(o *ostiary.Options) {
		o.RateLimit = core.RateLimitOptions{Enabled: new(true), Window: time.Minute, Max: 20}
	})
	var mu sync.Mutex
	counts := map[int]int{}
	var all sync.WaitGroup
	for i := range 150 {
		b := d.nodes[0].Browser(t)
		all.Go(func() {
			code := d.ask(i%3, b, "/list-accounts", nil).Code
			mu.Lock()
			counts[code]++
			mu.Unlock()
		})
	}
	all.Wait()
	if counts[http.StatusUnauthorized] != 20 || counts[http.StatusTooManyRequests] != 130 {
		t.Errorf("150 requests at once: %v", counts)
	}
	// A window begins with the first request; refused ones count and do not prolong it.
	const key = "better-auth:192.0.2.1|/list-accounts"
	if n, err := testservice.AskRedis(server.DSN, "GET", key); err != nil || n != "150" {
		t.Errorf("counted %s, %v", n, err)
	}
	if _, err := testservice.AskRedis(server.DSN, "PEXPIRE", key, "1"); err != nil {
		t.Fatal(err)
	}
	until(t, "a new window begins", func() bool {
		return d.ask(1, d.nodes[0].Browser(t), "/list-accounts", nil).Code == http.StatusUnauthorized
	})
}
