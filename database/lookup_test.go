package database_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/schema"
)

// distant is a store that answers when the test lets it, and notes what it was
// asked.
type distant struct {
	database.Adapter
	asked   chan []database.Where
	answer  chan error
	panics  bool
	without bool // answers without being let
}

func (a *distant) Capabilities() database.Capabilities {
	caps := a.Adapter.Capabilities()
	caps.Remote = true
	return caps
}

func (a *distant) wait(ctx context.Context, where []database.Where) error {
	if a.without {
		return nil
	}
	a.asked <- where
	select {
	case err := <-a.answer:
		if a.panics && err != nil {
			panic(err)
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *distant) FindOne(ctx context.Context, q database.Query) (*database.Record, error) {
	if err := a.wait(ctx, q.Where); err != nil {
		return nil, err
	}
	return a.Adapter.FindOne(ctx, q)
}

func (a *distant) FindMany(ctx context.Context, q database.Query) ([]database.Record, error) {
	if err := a.wait(ctx, q.Where); err != nil {
		return nil, err
	}
	return a.Adapter.FindMany(ctx, q)
}

// lookupScene is a lookup of users by address over a distant store.
type lookupScene struct {
	t     *testing.T
	store *distant
	db    *database.DB
	find  *database.Lookup
	group sync.WaitGroup
}

func newLookupScene(t *testing.T, users int) *lookupScene {
	t.Helper()
	s := compile(t, schema.SerialIDs, schema.Field{Name: "tags", Type: schema.StringArray, Optional: true})
	store := &distant{Adapter: memory.New(), asked: make(chan []database.Where, 100), answer: make(chan error, 100)}
	db := open(t, store, s, database.Options{})
	for i := range users {
		row := s.Table("user").NewRow().Set("name", "User").Set("email", address(i)).Set("tags", []string{"one"})
		if _, err := db.Create(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	return &lookupScene{t: t, store: store, db: db, find: db.NewLookup(s.Table("user"), "email")}
}

func address(i int) string { return fmt.Sprintf("user%d@example.com", i) }

// look starts a lookup and returns where its outcome will be.
func (s *lookupScene) look(ctx context.Context, value string) <-chan outcome {
	out := make(chan outcome, 1)
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		rec, err := s.find.Find(ctx, value)
		out <- outcome{rec, err}
	}()
	return out
}

type outcome struct {
	rec *database.Record
	err error
}

// occupy fills the lanes with lookups and returns them when they are under way.
func (s *lookupScene) occupy() []<-chan outcome {
	s.t.Helper()
	var busy []<-chan outcome
	for i := range database.LookupLanes {
		busy = append(busy, s.look(s.t.Context(), address(i)))
		<-s.store.asked
	}
	return busy
}

// queued waits until so many lookups wait for a lane.
func (s *lookupScene) queued(members int) {
	s.t.Helper()
	s.find.AwaitMembers(s.t.Context(), members)
}

func (s *lookupScene) wants(c <-chan outcome, email string) {
	s.t.Helper()
	o := <-c
	switch {
	case o.err != nil:
		s.t.Errorf("got error %v", o.err)
	case email == "" && o.rec != nil:
		s.t.Errorf("found %v, want nothing", o.rec.Map())
	case email != "" && (o.rec == nil || o.rec.Get("email") != email):
		s.t.Errorf("found %v, want %s", o.rec, email)
	}
}

func TestLookupsThatWaitTravelTogether(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 10)
	busy := s.occupy()
	var waiting []<-chan outcome
	for i := range 5 {
		waiting = append(waiting, s.look(t.Context(), address(i)))
		s.queued(i + 1)
	}
	same := s.look(t.Context(), address(0))
	s.queued(6)
	none := s.look(t.Context(), "nobody@example.com")
	s.queued(7)

	s.store.answer <- nil
	where := <-s.store.asked
	if values, _ := where[0].Value.([]any); where[0].Operator != database.In || len(values) != 8 || values[5] != "nobody@example.com" || values[7] != values[5] {
		t.Errorf("asked for %v, want six values, filled up to eight", where[0].Value)
	}
	for range 2 {
		s.store.answer <- nil
	}
	for i, c := range busy {
		s.wants(c, address(i))
	}
	first := <-waiting[0]
	for i, c := range waiting[1:] {
		s.wants(c, address(i+1))
	}
	again := <-same
	if first.err != nil || again.err != nil || first.rec == nil || again.rec == nil {
		t.Fatal(first, again)
	}
	first.rec.Get("tags").([]string)[0] = "changed"
	if again.rec.Get("tags").([]string)[0] != "one" {
		t.Error("two callers share a list")
	}
	s.wants(none, "")
	s.idle()
}

// idle checks that no lane is held and nothing waits.
func (s *lookupScene) idle() {
	s.t.Helper()
	s.group.Wait()
	if running, queued := s.find.Load(); running != 0 || queued != 0 {
		s.t.Errorf("%d lanes are taken and %d batches wait", running, queued)
	}
}

func TestAnIdleDatabaseIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 1)
	got := s.look(t.Context(), address(0))
	if where := <-s.store.asked; where[0].Operator != database.Equal {
		t.Errorf("asked with %v", where)
	}
	s.store.answer <- nil
	s.wants(got, address(0))
	s.idle()
}

func TestALookupNeverJoinsAQueryThatWasSent(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 3)
	busy := s.occupy()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := s.db.Delete(ctx, s.db.Table("user"), database.Eq("email", address(0))); err != nil {
		t.Fatal(err)
	}
	after := s.look(t.Context(), address(0))
	s.queued(1)
	for range database.LookupLanes + 1 {
		s.store.answer <- nil
	}
	s.wants(after, "")
	for _, c := range busy {
		<-c
	}
	s.idle()
}

func TestAFailureReachesAllWhoWait(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		s := newLookupScene(t, 5)
		busy := s.occupy()
		var waiting []<-chan outcome
		recovered := make(chan any, 3)
		for i := range 3 {
			out := make(chan outcome, 1)
			s.group.Add(1)
			go func() {
				defer s.group.Done()
				defer func() { recovered <- recover(); close(out) }()
				rec, err := s.find.Find(t.Context(), address(i))
				out <- outcome{rec, err}
			}()
			s.queued(i + 1)
			waiting = append(waiting, out)
		}
		s.store.answer <- nil
		<-s.store.asked // the batch is under way
		s.store.answer <- nil
		for _, c := range busy {
			<-c
		}
		s.store.panics = panics
		s.store.answer <- database.ErrUnavailable
		failed, panicked := 0, 0
		for _, c := range waiting {
			if o, ok := <-c; ok && o.err != nil {
				failed++
			}
			if <-recovered != nil {
				panicked++
			}
		}
		if failed+panicked != 3 || (panicked == 1) != panics {
			t.Errorf("%d failed, %d panicked", failed, panicked)
		}
		s.idle()
	}
}

func TestOneWhoLeavesDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 5)
	busy := s.occupy()
	ctx, cancel := context.WithCancel(t.Context())
	leaving := s.look(ctx, address(3))
	s.queued(1)
	staying := s.look(t.Context(), address(4))
	s.queued(2)
	cancel()
	if o := <-leaving; !errors.Is(o.err, context.Canceled) {
		t.Errorf("got %v", o.err)
	}
	for range database.LookupLanes + 1 {
		s.store.answer <- nil
	}
	s.wants(staying, address(4))
	for _, c := range busy {
		<-c
	}
	s.idle()
}

func TestALaneIsNotLostWhenAllLeave(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 20)
	s.store.without = true
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		var all []<-chan outcome
		for i := range 8 {
			all = append(all, s.look(ctx, address(i)))
		}
		cancel()
		for _, c := range all {
			<-c
		}
	}
	s.idle()
	s.wants(s.look(t.Context(), address(7)), address(7))
}

func TestLookupsInATransactionSeeIt(t *testing.T) {
	t.Parallel()
	s := newLookupScene(t, 1)
	s.store.without = true
	err := s.db.InTransaction(t.Context(), func(ctx context.Context) error {
		row := s.db.Table("user").NewRow().Set("name", "New").Set("email", "new@example.com")
		if _, err := s.db.Create(ctx, row); err != nil {
			return err
		}
		rec, err := s.find.Find(ctx, "new@example.com")
		if rec == nil {
			t.Error("the row of the transaction was not found")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
