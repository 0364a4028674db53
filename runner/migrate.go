package runner

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/internal/console"
	"github.com/ostiary/ostiary/migrate"
)

// Migrate adds to the database what it lacks.
type Migrate struct {
	DryRun bool `help:"Only show what would be done."`
	Yes    bool `short:"y" help:"Do not ask."`
	JSON   bool `help:"Write the plan as JSON, for scripts. Implies that nothing is asked: without --yes nothing is done."`
}

// migration is what migrate says in JSON.
type migration struct {
	// Applied is true when the statements were run.
	Applied bool `json:"applied"`
	// Statements are what the database lacked.
	Statements []migrate.Statement `json:"statements"`
	// Refused are what a person has to decide, Notes are good to know.
	Refused []migrate.Finding `json:"refused"`
	Notes   []migrate.Finding `json:"notes"`
}

func (m *Migrate) run(ctx context.Context, c *console.Console, a Application) error {
	plan, err := a.Auth.Plan(ctx)
	if err != nil {
		return explain(err)
	}
	apply := m.Yes && !m.DryRun
	if !m.JSON {
		show(c, plan)
		if !plan.Empty() && !m.DryRun && !m.Yes {
			if apply, err = c.Confirm("Run these statements?"); !apply {
				return errors.Join(errors.New("nothing was changed: answer yes, or pass --yes"), err)
			}
		}
	}
	if apply && !plan.Empty() {
		if err := a.Auth.Migrate(ctx); err != nil {
			return fmt.Errorf("%w\nWhat was done is kept where the database cannot undo it; run the command again when the cause is gone", err)
		}
	}
	if m.JSON {
		done := migration{Applied: apply && !plan.Empty(), Statements: plan.Statements, Refused: []migrate.Finding{}, Notes: []migrate.Finding{}}
		if done.Statements == nil {
			done.Statements = []migrate.Statement{}
		}
		for _, f := range plan.Findings {
			if needsPerson(f) {
				done.Refused = append(done.Refused, f)
			} else {
				done.Notes = append(done.Notes, f)
			}
		}
		if err := c.JSON(done); err != nil {
			return err
		}
	} else if apply && !plan.Empty() {
		c.Say("%s", c.Mark(console.Green, "Done."))
	}
	left := 0
	for _, f := range plan.Findings {
		if needsPerson(f) {
			left++
		}
	}
	if left > 0 {
		return unsolved{counted(left, "change is", "changes are") + " left to you, since more than adding is needed"}
	}
	return nil
}

// needsPerson reports whether somebody has to decide about a finding.
func needsPerson(f migrate.Finding) bool { return f.Kind.Refused() || f.Kind.Breaks() }

// show tells a plan in words and SQL.
func show(c *console.Console, plan *migrate.Plan) {
	for _, f := range plan.Findings {
		if !needsPerson(f) {
			c.Say("%s %s\n", c.Mark(console.Yellow, "Note:"), indent(f.String()))
		}
	}
	for _, f := range plan.Findings {
		if !needsPerson(f) {
			continue
		}
		c.Say("%s %s", c.Mark(console.Red, "Left to you:"), f.Message)
		if f.Remedy != "" {
			c.Say("  By hand: %s", f.Remedy)
		}
		c.Say("")
	}
	if plan.Empty() {
		c.Say("The database has everything that can be added; there is nothing to do.")
		return
	}
	for _, s := range plan.Statements {
		c.Say("%s.\n  %s;\n", s, c.Mark(console.Faint, s.SQL))
	}
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// counted says how many there are: "1 change is", "2 changes are".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
