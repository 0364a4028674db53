package databasetest

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

func serialCases() []testCase {
	return []testCase{
		{"D0,D1 ids are numbers in decimal, counted up", func(s *scene) {
			var seen []int
			for _, row := range s.users(12) {
				n, err := strconv.Atoi(row.ID())
				s.ok(err)
				seen = append(seen, n)
			}
			s.equal(slices.IsSorted(seen) && seen[0] > 0, true)
			s.length(len(slices.Compact(seen)), 12)
		}},
		{"D4 an id that is no number is replaced", func(s *scene) {
			row := s.user("id", "not-a-number")
			_, err := strconv.Atoi(row.ID())
			s.ok(err)
		}},
		{"D2,J30 ids and keys are strings wherever they are read", func(s *scene) {
			user := s.user()
			session := s.sessions(user, 1)[0]
			s.equal(session.Get("userId"), user.ID())
			found := s.must(s.joining(s.query(schema.SessionKey, database.OneOf("userId", user.ID())), schema.UserKey))
			s.equal(found.Get("userId"), user.ID())
			s.equal(found.Joined[0][0].ID(), user.ID())
			s.equal(s.find(s.query(schema.UserKey, database.Eq("id", "100000"))) == nil, true)
		}},
		{"D3 ids that cannot be are not found", func(s *scene) {
			s.user()
			for _, never := range []string{"", "x", "1 OR 1=1", "99999999999999999999", "0x1", "-1"} {
				found, err := s.db.FindOne(s.ctx, s.query(schema.UserKey, database.Eq("id", never)))
				if err == nil && found != nil {
					s.Errorf("%q found a row", never)
				}
			}
		}},
	}
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func uuidCases() []testCase {
	return []testCase{
		{"E0,E1,E2 ids are UUIDs, and found by them", func(s *scene) {
			for _, row := range s.users(5) {
				s.equal(uuidForm.MatchString(row.ID()), true)
				s.roundTrips(row)
			}
		}},
		{"E3 an id that is no UUID is replaced", func(s *scene) {
			row := s.user("id", "not-a-uuid")
			s.equal(uuidForm.MatchString(row.ID()), true)
		}},
		{"E4 ids that cannot be are not found", func(s *scene) {
			s.user()
			found, err := s.db.FindOne(s.ctx, s.query(schema.UserKey, database.Eq("id", "not-a-uuid")))
			if err == nil && found != nil {
				s.Error("found a row")
			}
		}},
	}
}
