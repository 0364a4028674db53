package configfile

// Named is a group whose keys the file chooses, in the order of the file.
type Named[T any] []Entry[T]

// Entry is one of them.
type Entry[T any] struct {
	Name  string
	Value T
}

// DecodeConfig reads the group.
func (n *Named[T]) DecodeConfig(p Place) {
	if !p.expect(mapping) {
		return
	}
	for _, m := range p.uniqueMembers() {
		e := Entry[T]{Name: m.key}
		p.member(m).Into(&e.Value)
		*n = append(*n, e)
	}
}

func (*Named[T]) shapeOfEach() any { return new(T) }
