package mongotest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// failure is an error with a code of MongoDB.
type failure struct {
	code    int32
	message string
	labels  bson.A
}

func (f *failure) Error() string { return fmt.Sprintf("%d: %s", f.code, f.message) }

func fail(code int32, message string) error { return &failure{code: code, message: message} }

// reply returns an error as the reply to a command.
func (f *failure) reply() bson.D {
	r := bson.D{{Key: "ok", Value: 0.0}, {Key: "code", Value: f.code}, {Key: "errmsg", Value: f.message}}
	if len(f.labels) > 0 {
		r = append(r, bson.E{Key: "errorLabels", Value: f.labels})
	}
	return r
}

var succeeded = bson.D{{Key: "ok", Value: 1.0}}

// command is a command with what most of them have.
type command struct {
	name    string
	members bson.D
	session *session
	number  int64
	begins  bool // a transaction
	within  bool // a transaction
	gone    <-chan struct{}
}

func (c *command) member(key string) any { v, _ := lookup(c.members, key); return v }

func (c *command) document(key string) bson.D { d, _ := c.member(key).(bson.D); return d }

func (c *command) list(key string) bson.A { l, _ := c.member(key).(bson.A); return l }

func (c *command) whole(key string) int { n, _ := integer(c.member(key)); return int(n) }

// namespace is the collection of a command, with its database.
func (c *command) namespace() string {
	collection, _ := c.member(c.name).(string)
	db, _ := c.member("$db").(string)
	return db + "." + collection
}

// run runs a command and returns its reply.
func (s *Server) run(members bson.D, gone <-chan struct{}) bson.D {
	reply, err := s.dispatch(members, gone)
	var f *failure
	switch {
	case err == nil:
		return reply
	case errors.As(err, &f):
		return f.reply()
	}
	return (&failure{code: 1, message: err.Error()}).reply()
}

func (s *Server) dispatch(members bson.D, gone <-chan struct{}) (bson.D, error) {
	if len(members) == 0 {
		return nil, fail(59, "no command")
	}
	c := &command{name: members[0].Key, members: members, gone: gone}
	switch strings.ToLower(c.name) {
	case "hello", "ismaster":
		return s.hello(), nil
	case "ping", "endsessions", "killcursors":
		return succeeded, nil
	}
	if err := s.enter(c); err != nil {
		return nil, err
	}
	switch c.name {
	case "commitTransaction":
		return succeeded, s.commit(c)
	case "abortTransaction":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.end(c.session)
		return succeeded, nil
	case "find", "aggregate", "listIndexes":
		return s.read(c)
	case "insert", "update", "delete", "findAndModify", "createIndexes", "create":
		return s.write(c)
	}
	return nil, fail(59, fmt.Sprintf("no such command: '%s'", c.name))
}

func (s *Server) hello() bson.D {
	address := s.listener.Addr().String()
	r := bson.D{
		{Key: "ok", Value: 1.0},
		{Key: "isWritablePrimary", Value: true},
		{Key: "ismaster", Value: true},
		{Key: "helloOk", Value: true},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)},
		{Key: "maxMessageSizeBytes", Value: int32(maxMessageSize)},
		{Key: "maxWriteBatchSize", Value: int32(100_000)},
		{Key: "minWireVersion", Value: int32(0)},
		{Key: "maxWireVersion", Value: int32(21)},
	}
	if s.replicaSet {
		r = append(r, bson.D{
			{Key: "logicalSessionTimeoutMinutes", Value: int32(30)},
			{Key: "setName", Value: "test"},
			{Key: "setVersion", Value: int32(1)},
			{Key: "hosts", Value: bson.A{address}},
			{Key: "primary", Value: address},
			{Key: "me", Value: address},
		}...)
	}
	return r
}

// enter finds the session of a command, and begins its transaction if it asks
// for one.
func (s *Server) enter(c *command) error {
	id, err := bson.Marshal(bson.D{{Key: "id", Value: c.member("lsid")}})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.session = s.sessions[string(id)]; c.session == nil {
		c.session = &session{}
		s.sessions[string(id)] = c.session
	}
	c.number, _ = integer(c.member("txnNumber"))
	c.begins = c.member("startTransaction") == true
	c.within = c.member("autocommit") == false
	switch {
	case !c.within:
		return nil
	case !s.replicaSet:
		return fail(20, "Transaction numbers are only allowed on a replica set member or mongos")
	case c.begins:
		s.end(c.session)
		work := s.committed.clone()
		c.session.number, c.session.open, c.session.work = c.number, true, &work
	case !c.session.open || c.session.number != c.number:
		return &failure{code: 251, message: "Given transaction number does not match any in-progress transactions", labels: bson.A{"TransientTransactionError"}}
	}
	return nil
}

func (s *Server) commit(c *command) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.session.writer {
		s.committed = *c.session.work
	}
	s.end(c.session)
	return nil
}

func (s *Server) read(c *command) (bson.D, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.committed
	if c.within {
		d = *c.session.work
	}
	if c.name == "listIndexes" {
		return listIndexes(d, c)
	}
	query, documents := c.document("filter"), []bson.D{}
	if c.name == "aggregate" {
		query = stage(c, "$match")
	}
	if there := d[c.namespace()]; there != nil {
		places, err := there.find(query, 0)
		if err != nil {
			return nil, err
		}
		for _, at := range places {
			documents = append(documents, there.documents[at])
		}
	}
	if c.name == "aggregate" {
		return count(c, len(documents))
	}
	sort(documents, c.document("sort"))
	documents = documents[min(c.whole("skip"), len(documents)):]
	if limit := c.whole("limit"); limit > 0 {
		documents = documents[:min(limit, len(documents))]
	}
	return cursor(c, documents), nil
}

// cursor returns documents, all at once.
func cursor(c *command, documents []bson.D) bson.D {
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: c.namespace()}, {Key: "firstBatch", Value: documents},
	}}}
}

func stage(c *command, name string) bson.D {
	for _, item := range c.list("pipeline") {
		if d, ok := item.(bson.D); ok && len(d) == 1 && d[0].Key == name {
			operand, _ := d[0].Value.(bson.D)
			return operand
		}
	}
	return nil
}

// count is the one aggregation there is: how many documents match.
func count(c *command, n int) (bson.D, error) {
	if stage(c, "$group") == nil || len(c.list("pipeline")) != 2 {
		return nil, fail(40324, "Unrecognized pipeline")
	}
	if n == 0 {
		return cursor(c, []bson.D{}), nil
	}
	return cursor(c, []bson.D{{{Key: "_id", Value: int32(1)}, {Key: "n", Value: int64(n)}}}), nil
}

func listIndexes(d data, c *command) (bson.D, error) {
	there := d[c.namespace()]
	if there == nil {
		return nil, fail(26, "ns does not exist: "+c.namespace())
	}
	var list []bson.D
	for _, x := range there.indexes {
		spec := bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: x.keys}, {Key: "name", Value: x.name}}
		if x.unique {
			spec = append(spec, bson.E{Key: "unique", Value: true})
		}
		list = append(list, spec)
	}
	return cursor(c, list), nil
}

// conflict is what a transaction gets that is not the only one who writes.
func conflict() error {
	return &failure{code: 112, message: "WriteConflict", labels: bson.A{"TransientTransactionError"}}
}

// turn lets a command write alone. As in MongoDB a single write waits for the
// transaction that is writing, and a second transaction fails.
func (s *Server) turn(c *command) error {
	if c.within {
		select {
		case s.writing <- struct{}{}:
			return nil
		default:
			s.mu.Lock()
			defer s.mu.Unlock()
			s.end(c.session)
			return conflict()
		}
	}
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-c.gone:
		return fail(11601, "operation was interrupted")
	}
}

// write writes when it is its turn. A write that is sent again, because its
// answer was lost, is answered as before.
func (s *Server) write(c *command) (bson.D, error) {
	if !c.within || !c.session.writer {
		if err := s.turn(c); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.within {
		defer func() { <-s.writing }()
		retryable := c.number > 0
		if reply, again := c.session.reply.(bson.D); again && retryable && c.session.number == c.number {
			return reply, nil
		}
		reply, err := apply(s.committed, c)
		if retryable && err == nil {
			c.session.number, c.session.reply = c.number, reply
		}
		return reply, err
	}
	if !c.session.open { // it was ended meanwhile
		if !c.session.writer {
			<-s.writing
		}
		return nil, &failure{code: 251, message: "Transaction was aborted", labels: bson.A{"TransientTransactionError"}}
	}
	if !c.session.writer { // nobody else has written since, so what was read still holds, or it does not
		c.session.writer = true
		if !same(*c.session.work, s.committed) {
			s.end(c.session)
			return nil, conflict()
		}
	}
	reply, err := apply(*c.session.work, c)
	if err != nil || refused(reply) {
		s.end(c.session) // as MongoDB does with any error
	}
	return reply, err
}

// same reports whether nothing was written since a copy was made.
func same(a, b data) bool {
	if len(a) != len(b) {
		return false
	}
	for name, c := range a {
		other := b[name]
		if other == nil || !slices.EqualFunc(c.documents, other.documents, func(x, y bson.D) bool { return len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0]) }) {
			return false
		}
	}
	return true
}

func refused(reply bson.D) bool { _, is := lookup(reply, "writeErrors"); return is }

// apply makes a change to data.
func apply(d data, c *command) (bson.D, error) {
	if c.name == "create" {
		if d[c.namespace()] != nil {
			return nil, fail(48, "Collection already exists")
		}
		d.collection(c.namespace())
		return succeeded, nil
	}
	there := d.collection(c.namespace())
	switch c.name {
	case "createIndexes":
		return createIndexes(there, c)
	case "findAndModify":
		return findAndModify(there, c)
	}
	return batch(there, c)
}

// batch runs the statements of a command up to the first that fails.
func batch(there *collection, c *command) (bson.D, error) {
	var n int
	for i, item := range c.list(map[string]string{"insert": "documents", "update": "updates", "delete": "deletes"}[c.name]) {
		statement, ok := item.(bson.D)
		if !ok {
			return nil, fail(14, "statements are documents")
		}
		touched, err := execute(there, c.name, statement)
		n += touched
		var f *failure
		if errors.As(err, &f) {
			problem := bson.D{{Key: "index", Value: int32(i)}, {Key: "code", Value: f.code}, {Key: "errmsg", Value: f.message}}
			return bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: int32(n)}, {Key: "writeErrors", Value: bson.A{problem}}}, nil
		}
	}
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "n", Value: int32(n)}, {Key: "nModified", Value: int32(n)}}, nil
}

func execute(there *collection, kind string, statement bson.D) (int, error) {
	if kind == "insert" {
		return 1, there.insert(statement)
	}
	q, _ := lookup(statement, "q")
	query, _ := q.(bson.D)
	limit := 0
	if kind == "delete" {
		l, _ := lookup(statement, "limit")
		n, _ := integer(l)
		limit = int(n)
	} else if multi, _ := lookup(statement, "multi"); multi != true {
		limit = 1
	}
	places, err := there.find(query, limit)
	if err != nil {
		return 0, err
	}
	if kind == "delete" {
		there.remove(places)
		return len(places), nil
	}
	u, _ := lookup(statement, "u")
	update, _ := u.(bson.D)
	for i, at := range places {
		if err := there.update(at, update); err != nil {
			return i, err
		}
	}
	return len(places), nil
}

func findAndModify(there *collection, c *command) (bson.D, error) {
	places, err := there.find(c.document("query"), 1)
	if err != nil {
		return nil, err
	}
	if len(places) == 0 {
		return bson.D{{Key: "ok", Value: 1.0}, {Key: "value", Value: nil}}, nil
	}
	at := places[0]
	value := there.documents[at]
	if c.member("remove") == true {
		there.remove(places)
		return bson.D{{Key: "ok", Value: 1.0}, {Key: "value", Value: value}}, nil
	}
	if err := there.update(at, c.document("update")); err != nil {
		return nil, err
	}
	if c.member("new") == true {
		value = there.documents[at]
	}
	return bson.D{{Key: "ok", Value: 1.0}, {Key: "value", Value: value}}, nil
}

func createIndexes(there *collection, c *command) (bson.D, error) {
	for _, item := range c.list("indexes") {
		spec, _ := item.(bson.D)
		name, _ := lookup(spec, "name")
		keys, _ := lookup(spec, "key")
		unique, _ := lookup(spec, "unique")
		partial, _ := lookup(spec, "partialFilterExpression")
		x := index{unique: unique == true}
		x.name, _ = name.(string)
		x.keys, _ = keys.(bson.D)
		x.partial, _ = partial.(bson.D)
		fresh := &collection{indexes: []index{x}}
		for _, doc := range there.documents {
			if err := fresh.insert(doc); err != nil {
				return nil, err
			}
		}
		there.indexes = append(there.indexes, x)
	}
	return succeeded, nil
}
