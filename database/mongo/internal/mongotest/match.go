package mongotest

import (
	"regexp"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// matches reports whether a document matches a query.
func matches(doc, query bson.D) (bool, error) {
	for _, e := range query {
		ok, err := holds(doc, e)
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// holds reports whether one member of a query holds.
func holds(doc bson.D, e bson.E) (bool, error) {
	switch e.Key {
	case "$and", "$or", "$nor":
		return combined(doc, e)
	}
	if e.Key != "" && e.Key[0] == '$' {
		return false, fail(2, "unknown top level operator: "+e.Key)
	}
	value, present := lookup(doc, e.Key)
	operators, isOperators := e.Value.(bson.D)
	if !isOperators || len(operators) == 0 || operators[0].Key == "" || operators[0].Key[0] != '$' {
		return equals(value, e.Value)
	}
	for _, op := range operators {
		if ok, err := compared(value, present, op); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

func combined(doc bson.D, e bson.E) (bool, error) {
	list, ok := e.Value.(bson.A)
	if !ok || len(list) == 0 {
		return false, fail(2, e.Key+" must be a nonempty array")
	}
	for _, item := range list {
		query, ok := item.(bson.D)
		if !ok {
			return false, fail(2, e.Key+" entries need to be full objects")
		}
		holds, err := matches(doc, query)
		if err != nil {
			return false, err
		}
		switch {
		case e.Key == "$and" && !holds:
			return false, nil
		case e.Key == "$or" && holds:
			return true, nil
		case e.Key == "$nor" && holds:
			return false, nil
		}
	}
	return e.Key != "$or", nil
}

// compared reports whether an operator holds for a value.
func compared(value any, present bool, op bson.E) (bool, error) {
	switch op.Key {
	case "$eq":
		return equals(value, op.Value)
	case "$ne":
		ok, err := equals(value, op.Value)
		return !ok, err
	case "$in":
		return among(value, op.Value)
	case "$nin":
		ok, err := among(value, op.Value)
		return !ok, err
	case "$exists":
		return present == (op.Value == true), nil
	case "$type":
		return present && hasType(value, op.Value), nil
	case "$not":
		ok, err := compared(value, present, bson.E{Key: "$eq", Value: op.Value})
		return !ok, err
	case "$lt", "$lte", "$gt", "$gte":
		if rank(value) != rank(op.Value) {
			return false, nil
		}
		c := compare(value, op.Value)
		return op.Key == "$lt" && c < 0 || op.Key == "$lte" && c <= 0 || op.Key == "$gt" && c > 0 || op.Key == "$gte" && c >= 0, nil
	}
	return false, fail(2, "unknown operator: "+op.Key)
}

// equals compares a value with one of a query, which may be a pattern. A list
// also equals each of its items.
func equals(value, wanted any) (bool, error) {
	if list, isList := value.(bson.A); isList {
		for _, item := range list {
			if ok, err := equals(item, wanted); ok || err != nil {
				return ok, err
			}
		}
	}
	pattern, isPattern := wanted.(bson.Regex)
	if !isPattern {
		return compare(value, wanted) == 0, nil
	}
	text, isText := value.(string)
	if !isText {
		return false, nil
	}
	flags := ""
	if pattern.Options != "" {
		flags = "(?" + pattern.Options + ")"
	}
	compiled, err := regexp.Compile(flags + pattern.Pattern)
	if err != nil {
		return false, fail(51091, "Regular expression is invalid: "+err.Error())
	}
	return compiled.MatchString(text), nil
}

func among(value, list any) (bool, error) {
	items, ok := list.(bson.A)
	if !ok {
		return false, fail(2, "$in needs an array")
	}
	for _, item := range items {
		if ok, err := equals(value, item); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func hasType(value, wanted any) bool {
	names := typeNames(value)
	switch wanted := wanted.(type) {
	case string:
		return slices.Contains(names, wanted)
	case bson.A:
		return slices.ContainsFunc(wanted, func(name any) bool { return hasType(value, name) })
	}
	return false
}
