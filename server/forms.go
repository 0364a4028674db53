package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

// The types of this file have several forms in a configuration file.

// BaseURL is an address, or the hosts among which each request chooses.
type BaseURL struct {
	// URL is the address, if there is one.
	URL string
	// AllowedHosts are hosts, with wildcards.
	AllowedHosts []string `key:"allowedHosts"`
	// Fallback is used when a request names none of them.
	Fallback string `key:"fallback"`
	// Protocol is "http", "https" or "auto". Default auto.
	Protocol string `key:"protocol" oneOf:"http,https,auto"`
}

// IsZero reports whether nothing is set.
func (b *BaseURL) IsZero() bool { return b.URL == "" && len(b.AllowedHosts) == 0 && b.Fallback == "" }

// baseURLGroup is a BaseURL without a reader of its own.
type baseURLGroup BaseURL

// Shape has the keys of the group.
func (*BaseURL) Shape() any { return new(baseURLGroup) }

// DecodeConfig reads text, or a group of keys.
func (b *BaseURL) DecodeConfig(p configfile.Place) {
	switch {
	case p.IsText():
		*b = BaseURL{}
		p.Into(&b.URL)
	case p.IsGroup():
		var group baseURLGroup
		p.Into(&group)
		*b = BaseURL(group)
	default:
		p.Problem("expected an address such as https://auth.example.com, or a group with allowedHosts")
	}
}

// RateLimitRule is a rule, or false, which exempts.
type RateLimitRule struct {
	// Unlimited is the rule false.
	Unlimited bool
	Window    time.Duration `key:"window" min:"1"`
	Max       int           `key:"max" min:"1"`
}

type rateLimitRuleGroup RateLimitRule

// Shape has the keys of the group.
func (*RateLimitRule) Shape() any { return new(rateLimitRuleGroup) }

// DecodeConfig reads false, or a group of keys.
func (r *RateLimitRule) DecodeConfig(p configfile.Place) {
	if p.Scalar() == false {
		r.Unlimited = true
		return
	}
	if !p.IsGroup() {
		p.Problem("expected a group with window and max, or false for no limit")
		return
	}
	var group rateLimitRuleGroup
	p.Into(&group)
	if group.Window == 0 || group.Max == 0 {
		p.Problem("needs window and max")
	}
	*r = RateLimitRule(group)
}

// GenerateID says who makes ids.
type GenerateID schema.IDStrategy

// DecodeConfig reads "uuid", "serial" or false.
func (g *GenerateID) DecodeConfig(p configfile.Place) {
	switch p.Scalar() {
	case false:
		*g = GenerateID(schema.DatabaseIDs)
	case "uuid":
		*g = GenerateID(schema.UUIDs)
	case "serial":
		*g = GenerateID(schema.SerialIDs)
	default:
		p.Problem("expected uuid, serial or false")
	}
}

// ModelID says who makes the ids of one model.
type ModelID schema.IDStrategy

// DecodeConfig reads "random", "uuid", "serial" or false.
func (m *ModelID) DecodeConfig(p configfile.Place) {
	switch p.Scalar() {
	case "random":
		*m = ModelID(schema.TextIDs)
	case "uuid", "serial", false:
		(*GenerateID)(m).DecodeConfig(p)
	default:
		p.Problem("expected random, uuid, serial or false")
	}
}

// Field is an additional field of a model.
type Field struct {
	// Type is "string", "number", "boolean", "date", "json", "string[]" or
	// "number[]", or a list of the texts that are allowed.
	Type FieldType `key:"type"`
	// Required fields must be given on creation. Default true.
	Required *bool `key:"required"`
	// Unique values. Default false.
	Unique bool `key:"unique"`
	// Input lets clients set the field. Default true.
	Input *bool `key:"input"`
	// Returned shows the field to clients. Default true.
	Returned *bool `key:"returned"`
	// DefaultValue is used when the field is not given.
	DefaultValue Literal `key:"defaultValue"`
	// FieldName is the name of the column. Default: that of the field.
	FieldName  string     `key:"fieldName"`
	References *Reference `key:"references"`
	// Index adds an index. Default false.
	Index bool `key:"index"`
	// Sortable lets the database choose a type that can be sorted by. Default
	// false.
	Sortable bool `key:"sortable"`
	// BigInt stores a number as a 64-bit integer. Default false.
	BigInt bool `key:"bigint"`
}

// Reference makes a field a foreign key.
type Reference struct {
	// Model is the referenced model, for example "user".
	Model string `key:"model"`
	// Field is the referenced field. Default "id".
	Field string `key:"field"`
	// OnDelete is what happens when the referenced row is deleted. Default
	// cascade.
	OnDelete string `key:"onDelete" oneOf:"cascade,no action,restrict,set null,set default"`
	// Application is true when Model is the name of a table of the application,
	// of which the server knows nothing. Default false.
	Application bool `key:"application"`
}

// FieldType is the type of a field.
type FieldType struct {
	Type   schema.Type
	Values []string
}

var fieldTypes = []schema.Type{
	schema.String, schema.Number, schema.Boolean, schema.Date, schema.JSON, schema.StringArray, schema.NumberArray,
}

// DecodeConfig reads the name of a type, or a list of texts.
func (t *FieldType) DecodeConfig(p configfile.Place) {
	if p.IsList() {
		t.Type = schema.String
		p.Into(&t.Values)
		return
	}
	name, _ := p.Scalar().(string)
	if !slices.Contains(fieldTypes, schema.Type(name)) {
		names := make([]string, len(fieldTypes))
		for i, known := range fieldTypes {
			names[i] = string(known)
		}
		p.Problem("expected %s, or a list of allowed texts", strings.Join(names, ", "))
		return
	}
	t.Type = schema.Type(name)
}

// Literal is a default value: text, a number, true or false.
type Literal struct{ Value any }

// DecodeConfig reads a scalar.
func (l *Literal) DecodeConfig(p configfile.Place) {
	l.Value = p.Scalar()
	if l.Value == nil {
		p.Problem("expected text, a number, true or false")
	}
}

// field returns a field as the library declares it.
func (f *Field) field(name string) (schema.Field, error) {
	out := schema.Field{
		Name: name, Type: f.Type.Type, Values: f.Type.Values, Column: f.FieldName,
		Optional: !enabled(f.Required), NoInput: !enabled(f.Input), Hidden: !enabled(f.Returned),
		Unique: f.Unique, Index: f.Index, Sortable: f.Sortable, BigInt: f.BigInt,
	}
	if out.Type == "" {
		out.Type = schema.String
	}
	if r := f.References; r != nil {
		out.References = &schema.Reference{Model: r.Model, Field: r.Field, OnDelete: schema.OnDelete(r.OnDelete), Application: r.Application}
	}
	var err error
	out.Default, err = f.defaultFor(&out)
	return out, err
}

// defaultFor returns the default value, checked against the type.
func (f *Field) defaultFor(out *schema.Field) (any, error) {
	v := f.DefaultValue.Value
	fits := v == nil
	switch v := v.(type) {
	case string:
		fits = out.Type == schema.String && (len(out.Values) == 0 || slices.Contains(out.Values, v))
	case bool:
		fits = out.Type == schema.Boolean
	case int64, float64:
		fits = out.Type == schema.Number
	}
	if !fits {
		return nil, fmt.Errorf("defaultValue does not fit the type %s", out.Type)
	}
	return v, nil
}
