package generate

import (
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/internal/definition"
	"github.com/ostiary/ostiary/migrate"
)

// sqlScript writes the statements that create all tables, which is what sqlc
// reads too.
func sqlScript(r Request) (string, error) {
	d, err := definition.Of(r.Dialect)
	if err != nil {
		return "", err
	}
	plan, err := migrate.Script(r.Schema, d)
	if err != nil {
		return "", err
	}
	return plan.SQL() + "\n", nil
}

// Changes is a script of a plan: its statements, and before them what a person has
// to decide.
func Changes(plan *migrate.Plan) string {
	var text strings.Builder
	refused := plan.Refused()
	if len(refused) > 0 {
		rule := "-- " + strings.Repeat("-", 74) + "\n"
		text.WriteString(rule + "-- THIS SCRIPT IS NOT ALL: these changes endanger what is there, or fail.\n")
		for _, f := range refused {
			for line := range strings.Lines(f.String()) {
				text.WriteString("--   " + strings.TrimSpace(line) + "\n")
			}
		}
		text.WriteString(rule + "\n")
	}
	if !plan.Empty() {
		fmt.Fprintf(&text, "%s\n", plan.SQL())
	}
	return text.String()
}
