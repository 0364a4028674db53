package ostiary_test

import (
	"strings"
	"testing"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/hooks"
	"github.com/ostiary/ostiary/plugins/magiclink"
	"github.com/ostiary/ostiary/plugins/twofactor"
	"github.com/ostiary/ostiary/route"
	"github.com/ostiary/ostiary/schema"
)

// served is a plugin with one endpoint.
type served struct {
	id    string
	route *route.Route[route.None, api.Status]
}

func (p served) ID() string { return p.id }

func (p served) Endpoints() []core.Endpoint {
	return []core.Endpoint{core.Handle(p.route, func(*core.Context, route.None) (api.Status, error) { return api.Status{}, nil })}
}

func TestCollisionsAreOneErrorAtStartThatNamesBothSides(t *testing.T) {
	t.Parallel()
	same := func() *route.Route[route.None, api.Status] {
		return route.New[route.None, api.Status]("POST", "/acme/thing", route.Spec{Name: "thing"})
	}
	_, err := ostiary.New(ostiary.Options{
		Secret: testSecret, Database: memory.New(),
		Plugins: []core.Plugin{served{"first", same()}, served{"second", same()}, served{"first", same()}},
		Hooks: hooks.Set{hooks.Before(magiclink.SignIn, func(*core.Context, *magiclink.SignInInput) error {
			return nil
		})},
		DatabaseHooks: []core.DatabaseHook{{Model: "invoice"}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"first and second both serve /acme/thing", `the id "first" is empty or given twice`, "a hook is for signInMagicLink, which is not served", `the model "invoice" has no hooks`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestTablesOfPluginsCanBeRenamed(t *testing.T) {
	t.Parallel()
	auth, err := ostiary.New(ostiary.Options{
		Secret: testSecret, Database: memory.New(),
		Plugins:      []core.Plugin{twofactor.New(twofactor.Options{})},
		PluginTables: map[string]schema.Rename{"twoFactor": {Table: "second_factors", Columns: map[string]string{"backupCodes": "backup_codes"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close(t.Context()) })
	table := auth.Kernel().DB.Table("twoFactor")
	if table.Name != "second_factors" || table.Field("backupCodes").Column != "backup_codes" {
		t.Errorf("the table is %q, the column %q", table.Name, table.Field("backupCodes").Column)
	}
}
