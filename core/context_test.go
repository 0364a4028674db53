package core_test

import (
	"context"
	"testing"

	"github.com/ostiary/ostiary/core"
)

// What was begun with a call, such as a query, watches it while the call keeps
// values. The race detector sees it.
func TestKeep(t *testing.T) {
	t.Parallel()
	type key string
	parent, cancel := context.WithCancel(context.WithValue(t.Context(), key("a"), "of the parent"))
	c := &core.Context{Context: parent}
	ended := make(chan struct{})
	go func() {
		_ = c.Value(key("b"))
		<-c.Done()
		close(ended)
	}()
	if got := c.Value(key("a")); got != "of the parent" {
		t.Errorf("before: %v", got)
	}
	c.Keep(key("a"), 1)
	c.Keep(key("b"), 2)
	c.Keep(key("a"), 3)
	inner, stop := context.WithCancel(c)
	defer stop()
	if inner.Value(key("a")) != 3 || inner.Value(key("b")) != 2 || core.FromContext(inner) != c {
		t.Errorf("kept %v and %v", inner.Value(key("a")), inner.Value(key("b")))
	}
	cancel()
	<-ended
}
