package server

import (
	"os"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/testservice"
)

// embeddedConfiguration returns the configuration file in the manifests for
// Kubernetes.
func embeddedConfiguration(t *testing.T) string {
	t.Helper()
	manifests, err := os.ReadFile("../deploy/kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(manifests), "  ostiary.yaml: |\n")
	text, _, ended := strings.Cut(text, "\n---\n")
	if !found || !ended {
		t.Fatal("there is no configuration in the manifests")
	}
	return strings.ReplaceAll("\n"+text, "\n    ", "\n")
}

func TestTheConfigurationInTheManifestsWorks(t *testing.T) {
	t.Parallel()
	config := parse(t, embeddedConfiguration(t))
	config.Database.URL = testservice.Postgres(t)
	config.Secret = NewSecret()
	m, err := NewMigration(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t.Context()); err != nil { // as the init container does
		t.Fatal(err)
	}
	if err := m.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The test has no mail server.
	for _, line := range strings.Split(examine(t, config)[Serious], "\n") {
		if line != "" && !strings.HasPrefix(line, "mail") {
			t.Error(line)
		}
	}
	r := start(t, func(c *Config) {
		*c = config
		c.Server.Listen, c.Server.MetricsListen, c.Server.DrainDelay = "localhost:0", "localhost:0", new(c.Server.ReadTimeout)
	})
	if status, _, body := r.do("GET", "/readyz", ""); status != 200 {
		t.Errorf("readiness: %d %s", status, body)
	}
	if status, _, body := r.signUp("ada@example.com"); status != 200 {
		t.Errorf("sign-up: %d %s", status, body)
	}
}
