package server

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ostiary/ostiary/internal/testservice"
)

func TestSessionsInRedis(t *testing.T) {
	t.Parallel()
	redis, err := testservice.StartRedis()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Stop() })
	s := start(t, func(c *Config) {
		c.SecondaryStorage = SecondaryStorage{URL: Secret(redis.DSN), KeyPrefix: "app:", ClientCache: true}
	})
	if code, _, body := s.do("GET", "/readyz", ""); code != http.StatusOK {
		t.Fatalf("ready: %d %s", code, body)
	}
	s.signUp("ada@example.com")
	keys, err := testservice.AskRedis(redis.DSN, "DBSIZE")
	if err != nil || keys == "0" {
		t.Errorf("Redis has %s keys, %v", keys, err)
	}
	if found, err := testservice.AskRedis(redis.DSN, "EVAL", "return #redis.call('KEYS', 'app:active-sessions-*')", "0"); err != nil || found != "1" {
		t.Errorf("%s lists of sessions with the prefix, %v", found, err)
	}
	if err := redis.Stop(); err != nil {
		t.Fatal(err)
	}
	if code, _, body := s.do("GET", "/readyz", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, "secondary storage") {
		t.Errorf("without Redis: %d %s", code, body)
	}
	if code, _, _ := s.do("GET", "/healthz", ""); code != http.StatusOK {
		t.Errorf("without Redis it does not live: %d", code)
	}
}

func TestMistakesAboutTheSecondaryStorageAreNamed(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Config){
		"secondaryStorage.url: not set":            func(c *Config) { c.SecondaryStorage.KeyPrefix = "x" },
		"secondaryStorage.url: expected":           func(c *Config) { c.SecondaryStorage.URL = "http://u:hunter2@host" },
		"session.preserveSessionInDatabase":        func(c *Config) { c.Session.PreserveSessionInDatabase = true },
		"session.storeSessionInDatabase":           func(c *Config) { c.Session.StoreSessionInDatabase = true },
		"rateLimit.storage":                        func(c *Config) { c.RateLimit.Storage = "secondary-storage" },
		"verification.storeInDatabase: everything": func(c *Config) { c.Verification.StoreInDatabase = true },
	} {
		c := Quickstart()
		c.Server.Listen = "localhost:0"
		c.Database.Path = t.TempDir() + "/auth.db"
		change(&c)
		_, err := New(t.Context(), c, Streams{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
