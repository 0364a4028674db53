package social_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/schema"
)

// observed is a database that tells when verification values are looked for.
type observed struct {
	database.Adapter
	looked chan<- struct{}
}

func (o observed) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	if q.Table.Key == schema.VerificationKey {
		select {
		case o.looked <- struct{}{}:
		default:
		}
	}
	return o.Adapter.FindMany(ctx, q)
}

func (o observed) Transaction(ctx context.Context, fn func(database.Adapter) error) error {
	return o.Adapter.Transaction(ctx, func(a database.Adapter) error { return fn(observed{a, o.looked}) })
}

// twoNodes returns browsers of one user at two nodes on one database, and a
// channel that tells when the second one looks for verification values.
func twoNodes(t *testing.T) (first, second *browser, account core.Account, looked <-chan struct{}) {
	t.Helper()
	db, told := memory.New(), make(chan struct{}, 100)
	b, account := withAccount(t, func(c *core.Config, _ *social.Options) { c.Database = db })
	second = newSite(t, func(c *core.Config, _ *social.Options) {
		c.Database, c.Now, c.HTTPClient = observed{db, told}, b.clock.Now, &http.Client{Transport: b.net}
	}).browser()
	for name, value := range b.cookies {
		second.cookies[name] = value
	}
	return b, second, account, told
}

func TestRefresh_on_two_nodes_asks_the_provider_once(t *testing.T) {
	t.Parallel()
	first, second, account, looked := twoNodes(t)
	net := first.net
	net.rotating = true
	net.refreshing, net.release = make(chan struct{}), make(chan struct{})
	answers := make(chan answer, 2)
	ask := func(b *browser) { answers <- b.post("/refresh-token", object{"accountId": account.ID}) }
	go ask(first)
	<-net.refreshing
	go ask(second)
	for range 3 { // the second node waits, and looks again and again
		select {
		case <-looked:
		case <-net.refreshing:
			t.Fatal("both nodes asked the provider")
		}
	}
	net.release <- struct{}{}
	for range 2 {
		if a := <-answers; a.status != 200 || a.body["accessToken"] != "access-3" {
			t.Errorf("answer %d %v", a.status, a.body)
		}
	}
	if n := net.requests("POST acme.test/token refresh_token"); n != 1 {
		t.Errorf("%d refreshes", n)
	}
	if left, err := first.Verifications.Latest(t.Context(), "oauth-refresh:"+account.ID); left != nil || err != nil {
		t.Errorf("the lease is still there: %v %v", left, err)
	}
}

// A node that has crashed does not keep the others from refreshing for ever.
func TestRefresh_takes_over_from_a_node_that_has_crashed(t *testing.T) {
	t.Parallel()
	first, second, account, _ := twoNodes(t)
	lease, err := first.Accounts.Lease(t.Context(), &account, "oauth-refresh", 30*time.Second)
	if err != nil || lease == nil {
		t.Fatal(lease, err)
	}
	if again, err := first.Accounts.Lease(t.Context(), &account, "oauth-refresh", time.Second); again != nil || err != nil {
		t.Errorf("two leases at once: %v %v", again, err)
	}
	first.clock.advance(31 * time.Second)
	if a := second.post("/refresh-token", object{"accountId": account.ID}); a.status != 200 || a.body["accessToken"] != "access-3" {
		t.Errorf("answer %d %v", a.status, a.body)
	}
	newer, err := first.Accounts.Lease(t.Context(), &account, "oauth-refresh", time.Minute)
	if err != nil || newer == nil {
		t.Fatal(newer, err)
	}
	if err := lease.Release(t.Context()); err != nil { // the crashed one comes back
		t.Fatal(err)
	}
	if again, err := first.Accounts.Lease(t.Context(), &account, "oauth-refresh", time.Second); again != nil || err != nil {
		t.Errorf("a lease was released that had ended: %v %v", again, err)
	}
}
