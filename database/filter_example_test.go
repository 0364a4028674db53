package database_test

import (
	"fmt"
	"slices"

	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// An adapter over a store that can neither search nor sort.
func ExampleNewFilter() {
	compiled, err := schema.Compile(schema.Definition{Models: []schema.Model{schema.UserModel()}})
	if err != nil {
		panic(err)
	}
	users := compiled.Table(schema.UserKey)
	var rows []schema.Row
	for _, name := range []string{"Grace", "Ada", "Alan"} {
		rows = append(rows, users.NewRow().Set("name", name))
	}

	filter, err := database.NewFilter(users, []database.Where{database.Compare("name", database.StartsWith, "A")})
	if err != nil {
		panic(err)
	}
	order, err := database.NewOrder(users, []database.Sort{{Field: "name", Descending: true}})
	if err != nil {
		panic(err)
	}
	rows = slices.DeleteFunc(rows, func(row schema.Row) bool { return !filter.Matches(row) })
	slices.SortStableFunc(rows, order)
	for _, row := range rows {
		fmt.Println(row.Get("name"))
	}
	// Output:
	// Alan
	// Ada
}
