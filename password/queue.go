package password

import (
	"container/list"
	"context"
	"slices"
)

// ClientKey is the key of a context value of type string that names the client for
// whom a password is hashed, such as its network address. When there is more to do
// than can be done, clients take turns; callers without a name count as one client.
type ClientKey struct{}

func clientOf(ctx context.Context) string {
	name, _ := ctx.Value(ClientKey{}).(string)
	return name
}

// queue holds those who wait: clients take turns, and of one client's callers the
// first comes first. It is not safe for concurrent use.
type queue struct {
	clients map[string]*client
	turns   list.List // of *client, each with at least one caller; the next in front
	callers int
}

// client is a client with callers who wait.
type client struct {
	name    string
	waiting []*caller
	turn    *list.Element
}

func (q *queue) Len() int { return q.callers }

func (q *queue) push(c *caller) {
	if q.clients == nil {
		q.clients = map[string]*client{}
	}
	name := clientOf(c.ctx)
	of := q.clients[name]
	if of == nil {
		of = &client{name: name}
		of.turn = q.turns.PushBack(of)
		q.clients[name] = of
	}
	of.waiting = append(of.waiting, c)
	c.place = of
	q.callers++
}

// pop takes the first caller of the client whose turn it is; nil when nobody waits.
func (q *queue) pop() *caller {
	front := q.turns.Front()
	if front == nil {
		return nil
	}
	of := front.Value.(*client)
	q.turns.MoveToBack(front)
	c := of.waiting[0]
	q.remove(c)
	return c
}

// remove takes a caller from its place.
func (q *queue) remove(c *caller) {
	of := c.place
	of.waiting = slices.DeleteFunc(of.waiting, func(other *caller) bool { return other == c })
	c.place = nil
	q.callers--
	if len(of.waiting) == 0 {
		q.turns.Remove(of.turn)
		delete(q.clients, of.name)
	}
}

// makeRoom takes the last caller of the client with the most, if that is fairer than
// to refuse a newcomer: when the newcomer's client would still have fewer. It
// returns nil otherwise.
func (q *queue) makeRoom(newcomer *caller) *caller {
	have := 0
	if of := q.clients[clientOf(newcomer.ctx)]; of != nil {
		have = len(of.waiting)
	}
	var most *client
	for _, of := range q.clients {
		if most == nil || len(of.waiting) > len(most.waiting) {
			most = of
		}
	}
	if most == nil || have+1 >= len(most.waiting) {
		return nil
	}
	last := most.waiting[len(most.waiting)-1]
	q.remove(last)
	return last
}
