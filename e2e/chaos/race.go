package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	adapter "github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/schema"
)

// races lets all servers of a Galera cluster compete, under load: for values that
// can be used once, for counters, and for addresses. Each of the servers grants
// what is asked of it until the others have heard of it.
func (g *galera) races(ctx context.Context, s *scene) error {
	var adapters []*mysql.Adapter
	for i := range 3 {
		a, err := mysql.Open(g.url(i))
		if err != nil {
			return err
		}
		defer a.Close()
		adapters = append(adapters, a)
	}
	tables, err := schema.Compile(schema.Definition{Models: []schema.Model{
		schema.UserModel(), schema.SessionModel(), schema.AccountModel(), schema.VerificationModel(),
	}})
	if err != nil {
		return err
	}
	var failures []error
	for round := range 50 {
		failures = append(failures, raceForOne(ctx, adapters, tables.Table(schema.VerificationKey), round))
	}
	for round := range 5 {
		failures = append(failures, s.raceForAddress(round))
	}
	return errors.Join(failures...)
}

// raceForOne lets many consume one row.
func raceForOne(ctx context.Context, adapters []*mysql.Adapter, t *schema.Table, round int) error {
	id := fmt.Sprint("race", round)
	now := time.Now().UTC().Truncate(time.Millisecond)
	row := t.NewRow().Set("id", id).Set("identifier", id).Set("value", "v").Set("expiresAt", now.Add(time.Hour)).
		Set("createdAt", now).Set("updatedAt", now)
	if _, err := adapters[0].Create(ctx, row); err != nil {
		return err
	}
	won, err := together(12, func(i int) (bool, error) {
		row, err := adapters[i%len(adapters)].ConsumeOne(ctx, t, []adapter.Where{adapter.Eq("id", id)})
		return row != nil, err
	})
	if err != nil || won != 1 {
		return fmt.Errorf("a value that can be used once was used %d times: %w", won, err)
	}
	return nil
}

// raceForAddress lets visitors of all nodes sign up with one address.
func (s *scene) raceForAddress(round int) error {
	c := newCrowd(s)
	body := map[string]any{"name": "Race", "email": fmt.Sprintf("race-%s-%d@example.com", c.name, round), "password": password}
	won, err := together(6, func(int) (bool, error) {
		_, status, text := c.ask("POST", "/sign-up/email", "", body)
		if status != http.StatusOK && status != http.StatusUnprocessableEntity {
			return false, fmt.Errorf("sign-up: %d %s", status, text)
		}
		return status == http.StatusOK, nil
	})
	if err != nil || won != 1 {
		return fmt.Errorf("%d signed up with one address: %w", won, err)
	}
	return nil
}

// together calls fn many times at once and returns how often it was true.
func together(times int, fn func(i int) (bool, error)) (int, error) {
	var won atomic.Int64
	failures := make([]error, times)
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			ok, err := fn(i)
			failures[i] = err
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	return int(won.Load()), errors.Join(failures...)
}
