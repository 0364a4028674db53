package core_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/core"
)

func TestOutgoingRequests_keep_to_public_addresses(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	for _, test := range []struct {
		development bool
		networks    []string
		reached     bool
	}{{false, nil, false}, {false, []string{"10.0.0.0/8"}, false}, {false, []string{"127.0.0.0/8"}, true}, {true, nil, true}} {
		k, err := core.New(core.Config{
			Secret: "a-test-secret-of-0123456789-abcdefghijklmnopqrstuvwxyz", BaseURL: core.StaticURL("https://app.example.com"),
			Logger: slog.New(slog.DiscardHandler), Development: test.development, PrivateNetworks: test.networks,
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := k.HTTP.Do(r)
		if err == nil {
			err = response.Body.Close()
		}
		if (err == nil) != test.reached {
			t.Errorf("%+v: %v", test, err)
		}
		if err := k.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func TestNew_refuses_private_networks_that_are_none(t *testing.T) {
	t.Parallel()
	_, err := core.New(core.Config{Development: true, Logger: slog.New(slog.DiscardHandler), PrivateNetworks: []string{"10.0.0.1"}})
	if err == nil || !strings.Contains(err.Error(), `PrivateNetworks: "10.0.0.1" is not a network`) {
		t.Errorf("error %v", err)
	}
}
