package cookie

import (
	"slices"
	"time"
)

// Jar collects the cookies that one response sets. Its zero value is ready for
// use; it serves one goroutine at a time.
type Jar struct {
	// Now is the clock against which lifetimes are checked. Default [time.Now].
	Now func() time.Time

	pending []Pending
}

// Pending is a cookie that a response will set or delete.
type Pending struct {
	// Name of the cookie.
	Name string
	// Value before percent-encoding. Empty for a deletion.
	Value string
	// Attributes as given.
	Attributes Attributes
	// Deletion is true for a cookie that is being expired.
	Deletion bool

	line string
}

// Set adds a cookie behind those that are pending already; the browser keeps
// the last one of a name. It fails as [Serialize] does, adding nothing.
func (j *Jar) Set(name, value string, a Attributes) error {
	line, err := Serialize(name, value, a, j.now())
	if err != nil {
		return err
	}
	j.pending = append(j.pending, Pending{Name: name, Value: value, Attributes: a, line: line})
	return nil
}

// Expire adds the deletion of a cookie. What is pending under its name is taken
// back first, and so is every live chunk of it, so that a response never carries
// a live value followed by its deletion. It fails as [Serialize] does.
func (j *Jar) Expire(name string, a Attributes) error {
	line, err := SerializeDeletion(name, a, j.now())
	if err != nil {
		return err
	}
	j.pending = slices.DeleteFunc(j.pending, func(p Pending) bool {
		_, chunk := chunkIndex(p.Name, name)
		return p.Name == name || chunk && !p.Deletion
	})
	j.pending = append(j.pending, Pending{Name: name, Attributes: a, Deletion: true, line: line})
	return nil
}

// takeBack removes everything live that is pending for a name and its chunks.
// Deletions stay, for the browser may hold what they delete.
func (j *Jar) takeBack(name string) {
	j.pending = slices.DeleteFunc(j.pending, func(p Pending) bool {
		_, chunk := chunkIndex(p.Name, name)
		return !p.Deletion && (p.Name == name || chunk)
	})
}

// Lookup returns the last cookie pending under a name.
func (j *Jar) Lookup(name string) (Pending, bool) {
	for _, p := range slices.Backward(j.pending) {
		if p.Name == name {
			return p, true
		}
	}
	return Pending{}, false
}

// Lines returns the Set-Cookie lines in the order in which they are sent.
func (j *Jar) Lines() []string {
	lines := make([]string, 0, len(j.pending))
	for _, p := range j.pending {
		lines = append(lines, p.line)
	}
	return lines
}

func (j *Jar) now() time.Time {
	if j.Now == nil {
		return time.Now()
	}
	return j.Now()
}
