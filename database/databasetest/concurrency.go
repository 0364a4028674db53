package databasetest

import (
	"errors"
	"sync"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// crowd is how many callers do something at once.
const crowd = 200

func concurrencyCases() []testCase {
	return []testCase{
		{"U1 of many who consume a row one gets it", func(s *scene) {
			row := s.insert(schema.VerificationKey)
			won := s.together(func(int) (bool, error) {
				got, err := s.db.ConsumeOne(s.ctx, row.Table(), database.Eq("identifier", row.Get("identifier")))
				return got != nil, err
			})
			s.length(won, 1)
		}},
		{"U2 no increment is lost", func(s *scene) {
			counter := s.insert(schema.RateLimitKey)
			won := s.together(func(int) (bool, error) {
				got, err := s.db.IncrementOne(s.ctx, s.row(schema.RateLimitKey), by("count", 1), id(counter))
				return got != nil, err
			})
			s.length(won, crowd)
			s.equal(s.must(s.query(schema.RateLimitKey)).Get("count"), int64(crowd))
		}},
		{"U3 a guarded increment stops at its bound", func(s *scene) {
			counter := s.insert(schema.RateLimitKey)
			won := s.together(func(int) (bool, error) {
				got, err := s.db.IncrementOne(s.ctx, s.row(schema.RateLimitKey), by("count", 1), id(counter), database.Compare("count", database.Less, int64(3)))
				return got != nil, err
			})
			s.length(won, 3)
			s.equal(s.must(s.query(schema.RateLimitKey)).Get("count"), int64(3))
		}},
		{"U4 of many who create a unique value one does", func(s *scene) {
			rows := s.times(crowd, func(int) schema.Row { return s.fixture(schema.UserKey, "email", "one@x.com") })
			won := s.together(func(i int) (bool, error) {
				_, err := s.db.Create(s.ctx, rows[i])
				if errors.Is(err, database.ErrDuplicate) {
					return false, nil
				}
				return true, err
			})
			s.length(won, 1)
			s.equal(s.count(schema.UserKey), int64(1))
		}},
		{"U10 of many who update under a guard one does", func(s *scene) {
			user := s.user("role", "before")
			won := s.together(func(int) (bool, error) {
				got, err := s.db.Update(s.ctx, s.row(schema.UserKey, "role", "after"), id(user), database.Eq("role", "before"))
				return got != nil, err
			})
			s.length(won, 1)
		}},
	}
}

// together calls fn by many goroutines at once and returns how many won.
func (s *scene) together(fn func(i int) (won bool, err error)) int {
	s.Helper()
	var (
		start  = make(chan struct{})
		done   sync.WaitGroup
		mu     sync.Mutex
		winner int
	)
	for i := range crowd {
		done.Go(func() {
			<-start
			won, err := fn(i)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.Errorf("caller %d: %v", i, err)
			} else if won {
				winner++
			}
		})
	}
	close(start)
	done.Wait()
	return winner
}
