package core

// sessionMemory remembers what the store answered, for as long as the link to the
// other nodes knows that nobody has changed it. Nil remembers nothing.
type sessionMemory struct {
	news    *news
	answers generations[*rememberedAnswer]
}

// rememberedAnswer is an identity with the moment at which it was asked for.
type rememberedAnswer struct {
	identity      Identity
	session, user subject
	asked         moment
}

func newSessionMemory(n *news, o *SessionMemoryOptions) *sessionMemory {
	return &sessionMemory{news: n, answers: generations[*rememberedAnswer]{size: max(1, o.Sessions/2)}}
}

// get returns what is remembered of a token; nil when the store has to be asked.
// The identity is the caller's own.
func (m *sessionMemory) get(token string, now moment) *Identity {
	if m == nil || !now.fresh {
		return nil
	}
	answer, ok := m.answers.get(token)
	if !ok || !m.news.reaches(answer.asked, now) || m.news.since(answer.asked, answer.session, answer.user) {
		return nil
	}
	id := answer.identity.clone()
	return &id
}

// put remembers an answer that was asked for at a moment.
func (m *sessionMemory) put(token string, id *Identity, asked moment) {
	if m == nil || !asked.fresh {
		return
	}
	m.answers.put(token, &rememberedAnswer{
		identity: id.clone(), session: sessionSubject(token), user: userSubject(id.User.ID), asked: asked,
	})
}

// find returns the session of a token with its user, from the memory or the replica
// if that is allowed, else from the store.
func (c *Context) find(token string, o ReadOptions) (*Identity, error) {
	if c.news == nil || o.SkipCache || c.outdated != 0 || c.DB.Transacting(c) {
		return c.Sessions.Find(c, token)
	}
	asked := c.news.now()
	if id := c.memory.get(token, asked); id != nil {
		return id, nil
	}
	if id, sounded := c.findAtReplica(token, o, asked); id != nil {
		c.memory.put(token, id, sounded)
		return id, nil
	}
	id, err := c.Sessions.Find(c, token)
	if id != nil {
		c.memory.put(token, id, asked)
	}
	return id, err
}
