package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ostiary/ostiary/internal/testservice"
)

// onRedisCluster lets the nodes share a PostgreSQL server and a Redis Cluster. The
// database decides about sessions: a master that dies may take with it what it has
// acknowledged and not yet told its replica.
func (s *scene) onRedisCluster() error {
	e, err := s.newEngine()
	if err != nil {
		return err
	}
	servers, err := testservice.StartRedisClusterWithReplicas(3, 1)
	if err != nil {
		return err
	}
	for _, r := range servers {
		s.ends = append(s.ends, func() { _ = r.Stop() })
	}
	var others []string
	for _, r := range servers[1:] {
		others = append(others, "addr="+strings.TrimPrefix(r.DSN, "redis://"))
	}
	s.settings = fmt.Sprintf(`secondaryStorage: {url: "%s?%s"}
session: {storeSessionInDatabase: true}
verification: {storeInDatabase: true}
rateLimit:
  max: 1000000
  customRules: {"/sign-in/*": false, "/sign-up/*": false, "/list-accounts": {window: 60, max: 20}}
`, servers[0].DSN, strings.Join(others, "&"))
	s.faults = append(s.faults, ofNodes...)
	s.faults = append(s.faults, fault{"a Redis master is killed, its replica takes over", func(ctx context.Context, s *scene) error {
		defer wait(ctx, s.phase/2)
		return servers[1].Stop()
	}}, ofPostgres(e)[0])
	return nil
}
