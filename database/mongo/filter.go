package mongo

import (
	"fmt"
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// Values are always operands of an operator, so that none can be taken for one.

// never matches nothing, always everything.
var (
	never  = bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{}}}}}
	always = bson.D{}
)

// filter returns conditions as a query of MongoDB.
func filter(t *schema.Table, where []database.Where) (bson.D, error) {
	var all, either bson.A
	for _, w := range where {
		c, err := condition(t, w)
		if err != nil {
			return nil, err
		}
		if w.Or {
			either = append(either, c)
		} else {
			all = append(all, c)
		}
	}
	if len(either) > 0 {
		all = append(all, bson.D{{Key: "$or", Value: either}})
	}
	switch len(all) {
	case 0:
		return always, nil
	case 1:
		return all[0].(bson.D), nil
	}
	return bson.D{{Key: "$and", Value: all}}, nil
}

func condition(t *schema.Table, w database.Where) (bson.D, error) {
	position, err := positionOf(t, w.Field)
	if err != nil {
		return nil, err
	}
	c := clause{table: t, position: position, key: keyOf(t, position), insensitive: w.Insensitive}
	switch w.Operator {
	case "", database.Equal:
		return c.equal(w.Value), nil
	case database.NotEqual:
		return c.unequal(w.Value), nil
	case database.Less:
		return c.compare("$lt", w.Value), nil
	case database.LessOrEqual:
		return c.compare("$lte", w.Value), nil
	case database.Greater:
		return c.compare("$gt", w.Value), nil
	case database.GreaterOrEqual:
		return c.compare("$gte", w.Value), nil
	case database.In, database.NotIn:
		list, ok := w.Value.([]any)
		if !ok {
			return nil, fmt.Errorf("mongo: %s needs a list of values for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		if w.Operator == database.In {
			return c.in(list), nil
		}
		return c.notIn(list), nil
	case database.Contains, database.StartsWith, database.EndsWith:
		part, ok := w.Value.(string)
		if !ok {
			return nil, fmt.Errorf("mongo: %s needs a string for %s.%s, got %T", w.Operator, t.Key, w.Field, w.Value)
		}
		return c.matches(w.Operator, part), nil
	}
	return nil, fmt.Errorf("mongo: unknown operator %q", w.Operator)
}

func positionOf(t *schema.Table, field string) (int, error) {
	if at := t.Position(field); at >= 0 {
		return at, nil
	}
	return 0, fmt.Errorf("mongo: %s has no field %q", t.Key, field)
}

// clause is a condition on one field. Values that cannot be in the field match
// nothing.
type clause struct {
	table       *schema.Table
	position    int
	key         string
	insensitive bool
}

func (c *clause) is(operator string, operand any) bson.D {
	return bson.D{{Key: c.key, Value: bson.D{{Key: operator, Value: operand}}}}
}

// operand returns a value as it is stored, or, for text of any case, a pattern.
func (c *clause) operand(value any) (any, bool) {
	if s, isText := value.(string); isText && c.insensitive {
		p, err := pattern("^", s, `\z`, "i")
		return p, err == nil
	}
	stored, err := encode(c.table, c.position, value)
	return stored, err == nil
}

func (c *clause) equal(value any) bson.D {
	if value == nil {
		return c.is("$eq", nil)
	}
	operand, ok := c.operand(value)
	switch {
	case !ok:
		return never
	case c.insensitive:
		return c.is("$in", bson.A{operand}) // which takes a pattern for one
	}
	return c.is("$eq", operand)
}

func (c *clause) unequal(value any) bson.D {
	if value == nil {
		return c.is("$ne", nil)
	}
	return c.notIn([]any{value})
}

func (c *clause) compare(operator string, value any) bson.D {
	if value == nil {
		return never
	}
	stored, err := encode(c.table, c.position, value)
	if err != nil {
		return never
	}
	return c.is(operator, stored)
}

// operands returns the values of a list that can be in the field.
func (c *clause) operands(list []any) bson.A {
	operands := bson.A{}
	for _, value := range list {
		if value == nil {
			continue
		}
		if operand, ok := c.operand(value); ok {
			operands = append(operands, operand)
		}
	}
	return operands
}

func (c *clause) in(list []any) bson.D { return c.is("$in", c.operands(list)) }

// notIn means, as in SQL, that neither null rows nor, when null is in the list,
// any rows match.
func (c *clause) notIn(list []any) bson.D {
	if len(list) == 0 {
		return always
	}
	for _, value := range list {
		if value == nil {
			return never
		}
	}
	return c.is("$nin", append(c.operands(list), nil))
}

func (c *clause) matches(op database.Operator, part string) bson.D {
	if f := c.table.Fields[c.position]; f.Type != schema.String && f.Type != "" && f.Type != schema.JSON {
		return never
	}
	options := ""
	if c.insensitive {
		options = "i"
	}
	before, after := "", ""
	switch op {
	case database.StartsWith:
		before = "^"
	case database.EndsWith:
		after = `\z`
	}
	p, err := pattern(before, part, after, options)
	if err != nil {
		return never
	}
	return c.is("$in", bson.A{p})
}

// pattern returns the pattern of a literal text. A pattern cannot contain the
// zero byte, but its escape.
func pattern(before, literal, after, options string) (bson.Regex, error) {
	if _, err := text(literal); err != nil {
		return bson.Regex{}, err
	}
	quoted := strings.ReplaceAll(regexp.QuoteMeta(literal), "\x00", `\x00`)
	return bson.Regex{Pattern: before + quoted + after, Options: options}, nil
}

// sorting returns an order; nulls come first ascending, as everywhere.
func sorting(t *schema.Table, by []database.Sort) (bson.D, error) {
	order := bson.D{}
	for _, s := range by {
		position, err := positionOf(t, s.Field)
		if err != nil {
			return nil, err
		}
		direction := 1
		if s.Descending {
			direction = -1
		}
		order = append(order, bson.E{Key: keyOf(t, position), Value: direction})
	}
	return order, nil
}
