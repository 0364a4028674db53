package mongo_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/database/mongo"
	"github.com/ostiary/ostiary/database/mongo/internal/mongotest"
	"github.com/ostiary/ostiary/schema"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// place is an adapter with the driver's view of the same database.
type place struct {
	*mongo.Adapter
	db     *driver.Database
	schema *schema.Schema
}

func newPlace(t *testing.T, ids schema.IDStrategy) place {
	t.Helper()
	s, err := schema.Compile(schema.Definition{
		IDs: ids, Models: []schema.Model{schema.UserModel(), schema.SessionModel(), schema.RateLimitModel()},
		Additional: map[string][]schema.Field{schema.UserKey: {
			{Name: "nickname", Optional: true, Unique: true}, {Name: "rank", Type: schema.Number, Optional: true}, {Name: "extra", Type: schema.JSON, Optional: true},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := driver.Connect(options.Client().ApplyURI(mongotest.Start(t, true).Address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	a, err := mongo.New(t.Context(), client, "auth")
	if err != nil {
		t.Fatal(err)
	}
	a.Prepare(s)
	return place{a, client.Database("auth"), s}
}

func (p place) user(set ...any) schema.Row {
	row := p.schema.Table(schema.UserKey).NewRow()
	row.Set("name", "Ada").Set("email", "ada@example.com").Set("emailVerified", true).Set("createdAt", noon).Set("updatedAt", noon)
	for i := 0; i < len(set); i += 2 {
		row.Set(set[i].(string), set[i+1])
	}
	return row
}

func (p place) create(t *testing.T, row schema.Row) schema.Row {
	t.Helper()
	created, err := p.Create(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// stored is a document as any program finds it.
func (p place) stored(t *testing.T, collection string) bson.Raw {
	t.Helper()
	raw, err := p.db.Collection(collection).FindOne(t.Context(), bson.D{}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestDocumentsAreThoseOfBetterAuth(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	id := mongo.NewID(schema.UserKey)
	p.create(t, p.user("id", id))
	sessions := p.schema.Table(schema.SessionKey)
	p.create(t, sessions.NewRow().Set("userId", id).Set("token", "t").Set("expiresAt", noon).Set("createdAt", noon).Set("updatedAt", noon))
	user, session := p.stored(t, "user"), p.stored(t, "session")
	if got := user.Lookup("_id").Type; got != bson.TypeObjectID {
		t.Errorf("the id is a %s", got)
	}
	if got := session.Lookup("userId").Type; got != bson.TypeObjectID {
		t.Errorf("the reference is a %s", got)
	}
	if got := session.Lookup("_id").Type; got != bson.TypeObjectID {
		t.Errorf("the id that nobody gave is a %s", got)
	}
	changed, err := p.Update(t.Context(), []database.Where{database.Eq("userId", id)}, sessions.NewRow().Set("userId", id).Set("token", "other"))
	if err != nil || changed == nil || changed.Get("userId") != id || p.stored(t, "session").Lookup("userId").Type != bson.TypeObjectID {
		t.Errorf("changed by the reference: %v, %v", changed, err)
	}
	if got := user.Lookup("createdAt").Type; got != bson.TypeDateTime {
		t.Errorf("a date is a %s", got)
	}
	if _, err := user.LookupErr("image"); err == nil {
		t.Error("a null is stored")
	}
}

func TestUUIDsAreStoredAsSuch(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.UUIDs)
	const id = "0191d2f0-7c1a-4b5e-9a3d-2f6b8c0d1e2f"
	if got := p.create(t, p.user("id", id)).ID(); got != id {
		t.Errorf("the id is %s", got)
	}
	subtype, _, ok := p.stored(t, "user").Lookup("_id").BinaryOK()
	if !ok || subtype != bson.TypeBinaryUUID {
		t.Errorf("stored as %v, subtype %d", p.stored(t, "user").Lookup("_id").Type, subtype)
	}
	sessions := p.schema.Table(schema.SessionKey)
	p.create(t, sessions.NewRow().Set("userId", id).Set("token", "t").Set("expiresAt", noon).Set("createdAt", noon).Set("updatedAt", noon))
	if subtype, _, ok := p.stored(t, "session").Lookup("userId").BinaryOK(); !ok || subtype != bson.TypeBinaryUUID {
		t.Errorf("the reference is stored as %v", p.stored(t, "session").Lookup("userId"))
	}
	changed, err := p.Update(t.Context(), []database.Where{database.Eq("userId", id)}, sessions.NewRow().Set("token", "other"))
	if err != nil || changed == nil || changed.Get("userId") != id || changed.Get("token") != "other" {
		t.Errorf("changed by the reference: %v, %v", changed, err)
	}
}

func TestDocumentsOfOtherProgramsAreRead(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	id := bson.NewObjectID()
	_, err := p.db.Collection("user").InsertOne(t.Context(), bson.D{
		{Key: "_id", Value: id},
		{Key: "name", Value: "Ada"},
		{Key: "email", Value: "ada@example.com"},
		{Key: "emailVerified", Value: true},
		{Key: "image", Value: nil},
		{Key: "rank", Value: nil},
		{Key: "createdAt", Value: bson.NewDateTimeFromTime(noon)},
		{Key: "updatedAt", Value: "2026-03-14T12:00:00.000Z"},
		{Key: "extra", Value: bson.D{{Key: "a", Value: bson.A{int32(1), "x"}}}},
		{Key: "unknown", Value: "kept"},
	})
	if err != nil {
		t.Fatal(err)
	}
	byID := []database.Where{database.Eq("id", id.Hex()), database.Eq("image", nil)}
	users := p.schema.Table(schema.UserKey)
	found, err := p.FindOne(t.Context(), database.Query{Table: users, Where: byID})
	if err != nil || found == nil {
		t.Fatalf("found %v, %v", found, err)
	}
	if got := string(found.Get("extra").(json.RawMessage)); got != `{"a":[1,"x"]}` {
		t.Errorf("extra is %s", got)
	}
	// MongoDB does not add to null.
	sum, err := p.IncrementOne(t.Context(), byID, []database.Increment{{Field: "rank", Delta: 4}}, users.NewRow())
	if err != nil || sum == nil || sum.Get("rank") != int64(4) {
		t.Errorf("the sum is %v, %v", sum, err)
	}
	if got := p.stored(t, "user").Lookup("unknown").StringValue(); got != "kept" {
		t.Errorf("the unknown field is %q", got)
	}
}

func TestNullsAreNoDuplicates(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	p.create(t, p.user("email", "a@example.com"))
	p.create(t, p.user("email", "b@example.com", "nickname", "x"))
	p.create(t, p.user("email", "c@example.com"))
	if _, err := p.Create(t.Context(), p.user("email", "d@example.com", "nickname", "x")); !errors.Is(err, database.ErrDuplicate) {
		t.Errorf("got error %v", err)
	}
}

func TestAnIndexThatDiffersIsAnErrorBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	for name, model := range map[string]driver.IndexModel{
		"is not unique": {Keys: bson.D{{Key: "email", Value: 1}}},
		"is over":       {Keys: bson.D{{Key: "name", Value: 1}}, Options: options.Index().SetName("email_1")},
	} {
		p := newPlace(t, schema.TextIDs)
		if _, err := p.db.Collection("user").Indexes().CreateOne(t.Context(), model); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Create(t.Context(), p.user()); err == nil || !strings.Contains(err.Error(), "email_1") || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v", err)
		}
	}
}

func TestIndexesAreCreatedOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	for range 2 {
		if err := p.EnsureIndexes(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	again, err := mongo.New(t.Context(), p.db.Client(), "auth")
	if err != nil {
		t.Fatal(err)
	}
	again.Prepare(p.schema)
	if err := again.EnsureIndexes(t.Context()); err != nil {
		t.Fatal(err)
	}
	specifications, err := p.db.Collection("user").Indexes().ListSpecifications(t.Context())
	if err != nil || len(specifications) != 3 { // of the id, the address, the nickname
		t.Errorf("%d indexes, %v", len(specifications), err)
	}
}

func TestNamesThatMongoDBReadsAsPathsAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	for _, name := range []string{"a.b", "$where"} {
		s, err := schema.Compile(schema.Definition{Models: []schema.Model{{Key: "odd", Fields: []schema.Field{{Name: "x", Column: name}}}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Create(t.Context(), s.Table("odd").NewRow().Set("x", "y")); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestTheApplicationsClientStaysConnected(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestForUpdateKeepsOthersAway(t *testing.T) {
	t.Parallel()
	p := newPlace(t, schema.TextIDs)
	p.create(t, p.user("id", "u", "rank", int64(0)))
	users, byID := p.schema.Table(schema.UserKey), []database.Where{database.Eq("id", "u")}
	var together sync.WaitGroup
	for range 10 {
		together.Go(func() {
			err := p.Transaction(t.Context(), func(tx database.Adapter) error {
				found, err := tx.FindOne(t.Context(), database.Query{Table: users, Where: byID, ForUpdate: true})
				if err != nil {
					return err
				}
				_, err = tx.Update(t.Context(), byID, users.NewRow().Set("rank", found.Get("rank").(int64)+1))
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if got := p.stored(t, "user"); got.Lookup("rank").Int64() != 10 || got.Lookup("_held").Type != 0 {
		t.Errorf("stored is %s", got)
	}
}

func TestNoServerIsUnavailable(t *testing.T) {
	t.Parallel()
	_, err := mongo.Open(t.Context(), "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50", "auth")
	if !errors.Is(err, database.ErrUnavailable) {
		t.Errorf("got error %v", err)
	}
}
