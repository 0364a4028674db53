package mongo_test

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/ostiary/ostiary/database/mongo"
	"github.com/ostiary/ostiary/database/mongo/internal/mongotest"
	"github.com/ostiary/ostiary/internal/pointread"
)

// The server is the one of the tests, in the same process: its share of the time
// is in both figures.
func BenchmarkPointRead(b *testing.B) {
	address := mongotest.Start(b, true).Address
	s := pointread.Schema(b)
	const name = "auth"
	client, err := driver.Connect(options.Client().ApplyURI(address))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Disconnect(b.Context()) }()
	a, err := mongo.New(b.Context(), client, name)
	if err != nil {
		b.Fatal(err)
	}
	a.Prepare(s)
	users := client.Database(name).Collection("user")
	pointread.Compare(b, a, s, func(ctx context.Context, email string) (pointread.User, error) {
		var found struct {
			ID            string    `bson:"_id"`
			Name          string    `bson:"name"`
			Email         string    `bson:"email"`
			EmailVerified bool      `bson:"emailVerified"`
			Image         *string   `bson:"image"`
			CreatedAt     time.Time `bson:"createdAt"`
			UpdatedAt     time.Time `bson:"updatedAt"`
		}
		err := users.FindOne(ctx, bson.D{{Key: "email", Value: email}}).Decode(&found)
		return pointread.User(found), err
	})
}
