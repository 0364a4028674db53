package configfile

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

func parseYAML(source []byte) (*value, error) {
	file, err := parser.ParseBytes(source, 0, parser.AllowDuplicateMapKey()) // reported with all other problems
	if err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false))
	}
	if len(file.Docs) > 1 {
		return nil, errors.New("there are several documents in the file; one is expected")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return &value{kind: mapping}, nil
	}
	r := yamlReader{anchors: map[string]*value{}}
	root, err := r.read(file.Docs[0].Body)
	if err != nil {
		return nil, err
	}
	return root.orEmpty(), nil
}

// orEmpty makes an empty file an empty mapping.
func (v *value) orEmpty() *value {
	if v.kind == null {
		return &value{kind: mapping, line: v.line}
	}
	return v
}

// yamlReader turns syntax trees into values.
type yamlReader struct{ anchors map[string]*value }

func (r *yamlReader) read(node ast.Node) (*value, error) {
	line := lineOf(node)
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return &value{kind: null, line: line}, nil
	case *ast.MappingNode:
		return r.mapping(n.Values, line)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, line)
	case *ast.SequenceNode:
		return r.sequence(n, line)
	case *ast.LiteralNode:
		return scalar(n.Value.Value, line)
	case *ast.AnchorNode:
		v, err := r.read(n.Value)
		if err == nil {
			r.anchors[n.Name.GetToken().Value] = v // now, so that nothing can contain itself
		}
		return v, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if v := r.anchors[name]; v != nil {
			return v, nil
		}
		return nil, fmt.Errorf("line %d: *%s refers to nothing", line, name)
	case ast.ScalarNode:
		return scalar(n.GetValue(), line)
	}
	return nil, fmt.Errorf("line %d: values such as this one have no use here", line)
}

func (r *yamlReader) mapping(pairs []*ast.MappingValueNode, line int) (*value, error) {
	m := &value{kind: mapping, line: line}
	for _, pair := range pairs {
		v, err := r.read(pair.Value)
		if err != nil {
			return nil, err
		}
		key := pair.Key.GetToken()
		m.members = append(m.members, member{key: key.Value, line: key.Position.Line, value: v})
	}
	return m, nil
}

func (r *yamlReader) sequence(n *ast.SequenceNode, line int) (*value, error) {
	l := &value{kind: list, line: line}
	for _, item := range n.Values {
		v, err := r.read(item)
		if err != nil {
			return nil, err
		}
		l.items = append(l.items, v)
	}
	return l, nil
}

func lineOf(node ast.Node) int {
	if node == nil || node.GetToken() == nil || node.GetToken().Position == nil {
		return 0
	}
	return node.GetToken().Position.Line
}
