// Package mongo stores authentication data in MongoDB.
//
// Documents are those of Better Auth 1.7 on MongoDB, so the two can share a
// database: the id is _id, ids and references to them are ObjectIDs when they
// have that form and UUIDs under that id strategy, dates are dates, lists are
// arrays, JSON is text. Fields that are null are left out.
//
// Transactions need a replica set or a sharded cluster. On a single server there
// are none: what belongs together is then written piece by piece.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// selectionTimeout is how long an operation waits for a server that answers,
// unless the address says otherwise, and a commit for its answer.
const selectionTimeout = 5 * time.Second

// Adapter is a [database.Adapter] for MongoDB. It is safe for concurrent use.
type Adapter struct {
	*shared
	tx *transaction // nil outside transactions
}

var (
	_ database.Adapter  = (*Adapter)(nil)
	_ database.Preparer = (*Adapter)(nil)
)

// shared is what an adapter shares with those of its transactions.
type shared struct {
	client       *driver.Client
	db           *driver.Database
	owned        bool // the client is closed with the adapter
	transactions bool
	turn         chan struct{} // held by who repeats a transaction
	collections  sync.Map      // by name

	mu         sync.Mutex // guards what follows
	tables     []*schema.Table
	dependents map[string][]dependent
	indexed    map[string]bool // collections that have their indexes
}

// Open connects to the server at an address, such as
// "mongodb://localhost:27017", and returns an adapter for one of its databases.
// The error wraps [database.ErrUnavailable] when no server answers.
func Open(ctx context.Context, address, name string) (*Adapter, error) {
	client, err := driver.Connect(options.Client().SetServerSelectionTimeout(selectionTimeout).ApplyURI(address))
	if err != nil {
		return nil, fmt.Errorf("mongo: %w", err)
	}
	a, err := New(ctx, client, name)
	if err != nil {
		return nil, errors.Join(err, client.Disconnect(ctx))
	}
	a.owned = true
	return a, nil
}

// New returns an adapter over the application's own client, which stays
// connected when the adapter is closed. It asks the server whether it has
// transactions.
func New(ctx context.Context, client *driver.Client, name string) (*Adapter, error) {
	s := &shared{client: client, db: client.Database(name), indexed: map[string]bool{}, turn: make(chan struct{}, 1)}
	var server struct {
		SetName string `bson:"setName"`
		Message string `bson:"msg"`
	}
	if err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&server); err != nil {
		return nil, fmt.Errorf("mongo: ask the server what it is: %w", failure(ctx, err))
	}
	s.transactions = server.SetName != "" || server.Message == "isdbgrid"
	return &Adapter{shared: s}, nil
}

// NewID returns an id in the form of MongoDB's own, for the option GenerateID.
// Other ids are stored as text.
func NewID(string) string { return bson.NewObjectID().Hex() }

// Capabilities says what the server can do.
func (a *Adapter) Capabilities() database.Capabilities {
	return database.Capabilities{Name: "mongo", Transactions: a.transactions, Remote: true}
}

// Ping checks that the server answers.
func (a *Adapter) Ping(ctx context.Context) error {
	if err := a.client.Ping(ctx, nil); err != nil {
		return failure(ctx, err)
	}
	return nil
}

// Close disconnects from the server, unless the client is the application's.
// Within a transaction it does nothing.
func (a *Adapter) Close() error {
	if a.tx != nil || !a.owned {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), selectionTimeout)
	defer cancel()
	return a.client.Disconnect(ctx)
}

// collection returns the collection of a table, which is made once.
func (a *Adapter) collection(t *schema.Table) *driver.Collection {
	if known, ok := a.collections.Load(t.Name); ok {
		return known.(*driver.Collection)
	}
	known, _ := a.collections.LoadOrStore(t.Name, a.db.Collection(t.Name))
	return known.(*driver.Collection)
}

// failure says what an error of the driver means. The end of the context
// explains every failure but a duplicate.
func failure(ctx context.Context, err error) error {
	if driver.IsDuplicateKeyError(err) {
		return fmt.Errorf("%w: %w", database.ErrDuplicate, err)
	}
	if over := ctx.Err(); over != nil {
		if errors.Is(err, over) {
			return err
		}
		return fmt.Errorf("%w: %w", over, err)
	}
	var labelled driver.LabeledError
	again := errors.As(err, &labelled) && (labelled.HasErrorLabel("TransientTransactionError") || labelled.HasErrorLabel("RetryableWriteError"))
	if again || driver.IsNetworkError(err) || driver.IsTimeout(err) || errors.Is(err, driver.ErrClientDisconnected) {
		return fmt.Errorf("%w: %w", database.ErrUnavailable, err)
	}
	return err
}
