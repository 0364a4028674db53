package databasetest

import "github.com/ostiary/ostiary/schema"

// definition is the schema of the suite: the core models and a table for each
// kind of relation, column and constraint.
func definition(ids schema.IDStrategy) schema.Definition {
	return schema.Definition{
		IDs: ids,
		Models: []schema.Model{
			schema.UserModel(), schema.SessionModel(), schema.AccountModel(),
			schema.VerificationModel(), schema.RateLimitModel(),
		},
		Plugins: []schema.Model{
			{Key: "badge", Fields: []schema.Field{
				{Name: "holder", Unique: true, References: &schema.Reference{Model: schema.UserKey}},
			}},
			{Key: "contact", Fields: []schema.Field{
				{Name: "address", Unique: true, References: &schema.Reference{Model: schema.UserKey, Field: "email"}},
			}},
			{Key: "note", Fields: []schema.Field{
				{Name: "author", Optional: true, References: &schema.Reference{Model: schema.UserKey, OnDelete: schema.SetNull}},
				{Name: "label", Optional: true, Default: "static"},
				{Name: "computed", Optional: true, Default: func() any { return "computed" }},
			}},
			{Key: "organization", Fields: []schema.Field{{Name: "name"}}},
			{Key: "member", Fields: []schema.Field{organization()}},
			{Key: "team", Fields: []schema.Field{organization()}},
			{Key: "invitation", Fields: []schema.Field{organization()}},
			{Key: "thing", Fields: []schema.Field{
				{Name: "words", Type: schema.StringArray},
				{Name: "numbers", Type: schema.NumberArray},
				{Name: "document", Type: schema.JSON},
				{Name: "moreWords", Type: schema.StringArray, Optional: true},
				{Name: "moreNumbers", Type: schema.NumberArray, Optional: true},
				{Name: "moreDocument", Type: schema.JSON, Optional: true},
			}},
			{Key: "subject", Fields: []schema.Field{
				{Name: "issuer", Column: "issuer_url"},
				{Name: "providerSubject", Column: "provider_subject"},
				{Name: "displayName", Column: "display_name", Optional: true},
			}, Indexes: []schema.Index{{Name: "compound_identity_uidx", Fields: []string{"issuer", "providerSubject"}, Unique: true}}},
		},
		Additional: map[string][]schema.Field{schema.UserKey: {
			{Name: "rank", Type: schema.Number, Optional: true},
			{Name: "ratio", Type: schema.Number, Optional: true, Encode: thousandfold, Decode: thousandth},
			{Name: "huge", Type: schema.Number, BigInt: true, Optional: true},
			{Name: "flag", Type: schema.Boolean, Optional: true},
			{Name: "birthday", Type: schema.Date, Optional: true},
			{Name: "role", NoInput: true, Default: "member"},
			{Name: "plan", Optional: true, Values: []string{"free", "pro"}, Default: "free"},
		}},
	}
}

func organization() schema.Field {
	return schema.Field{Name: "organizationId", References: &schema.Reference{Model: "organization"}}
}

// Stores keep numbers as integers (Better Auth 1.7), so a field with fractions
// needs an encoding of its own.
func thousandfold(v any) (any, error) {
	if f, ok := v.(float64); ok {
		return int64(f * 1000), nil
	}
	return v, nil
}

func thousandth(v any) (any, error) {
	if n, ok := v.(int64); ok {
		return float64(n) / 1000, nil
	}
	return v, nil
}

// renamed gives tables and columns names that must be quoted, and quoted well.
func renamed(d schema.Definition) schema.Definition {
	d.Renames = map[string]schema.Rename{
		schema.UserKey: {Table: `select`, Columns: map[string]string{
			"name": `from`, "email": `email_address`, "image": `with space`, "createdAt": `double"quote`, "rank": `semi;colon --`,
		}},
		schema.SessionKey: {Table: `account session`, Columns: map[string]string{
			"token": `question?`, "userId": `dollar $1`, "ipAddress": `back` + "`" + `tick`, "userAgent": `bracket]`,
		}},
		schema.AccountKey: {Table: `'quoted'`, Columns: map[string]string{
			"userId": `order`, "accountId": `back\slash`, "scope": `colon:name`,
		}},
		schema.VerificationKey: {Table: `ünïcode`, Columns: map[string]string{"identifier": `at @p1`, "value": `percent %s`}},
		"badge":                {Table: `one_to_one "table"`, Columns: map[string]string{"holder": `one_to_one`}},
		"contact":              {Table: `CamelCase`, Columns: map[string]string{"address": `Address`}},
		"subject":              {Table: `x'; DROP TABLE y; --`},
		"organization":         {Table: `group`},
		"member":               {Columns: map[string]string{"organizationId": `table`}},
	}
	return d
}

func plural(d schema.Definition) schema.Definition {
	d.PluralNames = true
	return d
}
