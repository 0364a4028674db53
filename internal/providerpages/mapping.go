package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/features/social"
)

// What becomes of a profile is found by experiment: a leaf of what the provider
// said is changed, and where the user changes with it, the user has it from
// there. Then these leaves are taken away, and what takes their place is found
// the same way.

// document is something that a provider says, with where it says it.
type document struct {
	source string
	value  any
}

// documentsOf returns what a provider says about a user. Where it issues an ID
// token, nothing is asked for that stands there.
func documentsOf(p provider) []document {
	var all []document
	if p.claims != nil {
		all = append(all, document{"ID token", copyOf(p.claims)})
	}
	for _, at := range sortedKeys(p.answers) {
		var value any
		if json.Unmarshal([]byte(p.answers[at]), &value) != nil {
			value = p.answers[at] // not JSON, such as a picture
		}
		all = append(all, document{at, value})
	}
	return all
}

func copyOf(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("recorded profile: %v", err)) // they are written down in this package
	}
	var copied any
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(fmt.Sprintf("recorded profile: %v", err))
	}
	return copied
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// leaf is a place in a document.
type leaf struct {
	document int
	path     []any // names and positions
}

// String returns the path, as "data.user.name" or "[].email".
func (l leaf) String() string {
	var b strings.Builder
	for _, step := range l.path {
		if name, ok := step.(string); ok {
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(name)
		} else {
			b.WriteString("[]")
		}
	}
	return b.String()
}

func leavesOf(documents []document) []leaf {
	var all []leaf
	for i, d := range documents {
		walk(d.value, nil, func(path []any) { all = append(all, leaf{i, path}) })
	}
	return all
}

func walk(v any, path []any, visit func(path []any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			walk(v[name], append(slices.Clone(path), name), visit)
		}
	case []any:
		for i := range v {
			walk(v[i], append(slices.Clone(path), i), visit)
		}
	default:
		visit(path)
	}
}

// edit returns the documents with a leaf replaced by what change makes of it;
// nil takes it away.
func edit(documents []document, at leaf, change func(any) any) []document {
	edited := slices.Clone(documents)
	edited[at.document].value = replaced(copyOf(edited[at.document].value), at.path, change)
	return edited
}

func replaced(v any, path []any, change func(any) any) any {
	if len(path) == 0 {
		return change(v)
	}
	switch at := path[0].(type) {
	case string:
		members, _ := v.(map[string]any)
		if next := replaced(members[at], path[1:], change); next == nil {
			delete(members, at)
		} else {
			members[at] = next
		}
	case int:
		v.([]any)[at] = replaced(v.([]any)[at], path[1:], change)
	}
	return v
}

// altered returns another value of the same kind.
func altered(v any) any {
	switch v := v.(type) {
	case string:
		switch v {
		case "true":
			return "false"
		case "false":
			return "true"
		}
		return "x" + v
	case bool:
		return !v
	case float64:
		return v + 1
	}
	return v
}

func removed(any) any { return nil }

// profileOf returns the user that a provider makes of documents; nil if it
// refuses.
func profileOf(ctx context.Context, p provider, documents []document) *social.Profile {
	f := &fake{answers: map[string]string{}}
	var claims map[string]any
	for _, d := range documents {
		switch value := d.value.(type) {
		case map[string]any, []any:
			if d.source == "ID token" {
				claims, _ = value.(map[string]any)
				continue
			}
			text, err := json.Marshal(value)
			if err != nil {
				return nil
			}
			f.answers[d.source] = string(text)
		case string:
			f.answers[d.source] = value
		}
	}
	k, err := f.kernel()
	if err != nil {
		return nil
	}
	profile, _ := p.make(social.Client{ID: "client", Secret: "secret"}).Profile(ctx, k, grantOf(claims, p.tokens))
	return profile
}

// attribute is one of a user's.
type attribute struct {
	name string
	of   func(p *social.Profile) string
}

var attributes = []attribute{
	{"identity", func(p *social.Profile) string { return p.Subject }},
	{"name", func(p *social.Profile) string { return p.Name }},
	{"email", func(p *social.Profile) string { return p.Email }},
	{"emailVerified", func(p *social.Profile) string { return map[bool]string{true: "true"}[p.EmailVerified] }},
	{"image", func(p *social.Profile) string { return p.Image }},
}

// origin describes where an attribute of the user comes from.
func origin(ctx context.Context, p provider, documents []document, a attribute) string {
	var levels []string
	for range 4 {
		before := profileOf(ctx, p, documents)
		if before == nil || a.of(before) == "" {
			break
		}
		found := causes(ctx, p, documents, a, a.of(before))
		if len(found) == 0 {
			break
		}
		text := describe(documents, found)
		if strings.HasSuffix(a.of(before), ".placeholder.invalid") {
			text = "a placeholder with " + text
		}
		levels = append(levels, text)
		for _, l := range found {
			documents = edit(documents, l, removed)
		}
	}
	if len(levels) == 0 {
		return "–"
	}
	return strings.Join(levels, ", else ")
}

// causes returns the leaves on which an attribute depends.
func causes(ctx context.Context, p provider, documents []document, a attribute, value string) []leaf {
	all := leavesOf(documents)
	for _, experiment := range []func(any) any{altered, removed} {
		var found []leaf
		for _, l := range all {
			if after := profileOf(ctx, p, edit(documents, l, experiment)); after != nil && a.of(after) != value {
				found = append(found, l)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	// Leaves that have to agree cannot be changed one by one.
	return slices.DeleteFunc(all, func(l leaf) bool { return valueAt(documents, l) != value })
}

func valueAt(documents []document, l leaf) string {
	var value any
	edit(documents, l, func(v any) any { value = v; return v })
	return social.Subject(value)
}

// describe names leaves, those of one document together.
func describe(documents []document, leaves []leaf) string {
	var parts []string
	for i, d := range documents {
		var names []string
		for _, l := range leaves {
			if name := "`" + l.String() + "`"; l.document == i && len(l.path) > 0 && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		whole := slices.ContainsFunc(leaves, func(l leaf) bool { return l.document == i && len(l.path) == 0 })
		switch text := strings.Join(names, " and "); {
		case whole:
			parts = append(parts, "`"+d.source+"`")
		case text != "" && i > 0:
			parts = append(parts, text+" of `"+d.source+"`")
		case text != "":
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " and ")
}
