// Package pointread measures how long an adapter takes to find a row by a unique
// key, beside the same query by its bare driver.
package pointread

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/internal/sidebyside"
	"github.com/ostiary/ostiary/schema"
)

// Users is how many rows the table has. They are few, so that a server without
// indexes, such as that of the tests for MongoDB, does not cover the difference.
const Users = 50

// User is what is read.
type User struct {
	ID, Name, Email      string
	EmailVerified        bool
	Image                *string
	CreatedAt, UpdatedAt time.Time
}

// Schema is the table of the users.
func Schema(b *testing.B) *schema.Schema {
	b.Helper()
	s, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.UserModel()}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// Email is the address of a user.
func Email(i int) string { return fmt.Sprintf("ada-%d@example.com", i%Users) }

// Compare fills the table of users and measures: bare finds a user by its e-mail
// address.
func Compare(b *testing.B, a database.Adapter, s *schema.Schema, bare func(ctx context.Context, email string) (User, error)) {
	b.Helper()
	users := s.Table(schema.UserKey)
	fill(b, a, users)
	byAdapter := func(i int) error {
		found, err := a.FindOne(b.Context(), database.Query{Table: users, Where: []database.Where{database.Eq("email", Email(i))}})
		if err == nil && (found == nil || found.TimeAt(schema.UserCreatedAt).IsZero()) {
			err = fmt.Errorf("found %v", found)
		}
		return err
	}
	byDriver := func(i int) error {
		found, err := bare(b.Context(), Email(i))
		if err == nil && (found.ID == "" || found.CreatedAt.IsZero()) {
			err = fmt.Errorf("found %v", found)
		}
		return err
	}
	sidebyside.Run(b, sidebyside.Variant{Name: "driver", Do: byDriver}, sidebyside.Variant{Name: "adapter", Do: byAdapter})
	allocations := func(query func(int) error) float64 { return testing.AllocsPerRun(50, func() { _ = query(1) }) }
	b.ReportMetric(allocations(byDriver), "driver-allocs")
	b.ReportMetric(allocations(byAdapter), "adapter-allocs")
}

func fill(b *testing.B, a database.Adapter, users *schema.Table) {
	b.Helper()
	now := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	err := a.Transaction(b.Context(), func(tx database.Adapter) error {
		for i := range Users {
			row := users.NewRow().Set("id", fmt.Sprintf("user-%d", i)).Set("name", "Ada Lovelace").Set("email", Email(i)).
				Set("emailVerified", true).Set("createdAt", now).Set("updatedAt", now)
			if _, err := tx.Create(b.Context(), row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatalf("fill the table: %v", err)
	}
}
