package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/ostiary/ostiary/database"
	databasememory "github.com/ostiary/ostiary/database/memory"
	"github.com/ostiary/ostiary/database/mysql"
	"github.com/ostiary/ostiary/database/postgres"
	"github.com/ostiary/ostiary/database/sqlite"
	"github.com/ostiary/ostiary/internal/testservice"
	"github.com/ostiary/ostiary/storage"
	storagememory "github.com/ostiary/ostiary/storage/memory"
	"github.com/ostiary/ostiary/storage/redis"
)

// The stores are chosen by the environment: DATABASE is sqlite (the default),
// memory, postgres, or mysql or mariadb, STORAGE is memory (the default) or redis. Servers are
// those of OSTIARY_TEST_POSTGRES, OSTIARY_TEST_MYSQL and OSTIARY_TEST_REDIS, which
// `make conformance` sets.

// openDatabase returns an empty database.
func openDatabase(ctx context.Context) (database.Adapter, error) {
	switch kind := os.Getenv("DATABASE"); kind {
	case "", "sqlite":
		return sqlite.Open(sqlite.Memory), nil
	case "memory":
		return databasememory.New(), nil
	case "postgres":
		return openPostgres(ctx, os.Getenv("OSTIARY_TEST_POSTGRES"))
	case "mysql", "mariadb":
		return openMySQL(os.Getenv(testservice.MySQLVariable))
	default:
		return nil, fmt.Errorf("DATABASE is %q; use sqlite, memory, postgres, mysql or mariadb", kind)
	}
}

// openMySQL empties the database of this process, or makes it.
func openMySQL(server string) (database.Adapter, error) {
	if server == "" {
		return nil, errors.New(testservice.MySQLVariable + " does not name a server")
	}
	dsn, err := (&testservice.Server{DSN: server}).MySQLDatabase("conformance_" + strconv.Itoa(os.Getpid()))
	if err != nil {
		return nil, err
	}
	return mysql.OpenWith(mysql.Options{URL: dsn, MaxConnections: 10})
}

// openPostgres empties the database of this process, or makes it.
func openPostgres(ctx context.Context, server string) (database.Adapter, error) {
	dsn, err := url.Parse(server)
	if server == "" || err != nil {
		return nil, errors.New("OSTIARY_TEST_POSTGRES does not name a server")
	}
	name := "conformance_" + strconv.Itoa(os.Getpid())
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = admin.Close(ctx) }()
	for _, statement := range []string{"drop database if exists " + name + " with (force)", "create database " + name} {
		if _, err := admin.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	dsn.Path = "/" + name
	return postgres.OpenWith(postgres.Options{URL: dsn.String(), MaxConnections: 10})
}

// openStorage returns an empty secondary storage, and what lets time pass for it.
func (s *server) openStorage() (storage.Store, func(ctx context.Context, d time.Duration) error, error) {
	switch kind := os.Getenv("STORAGE"); kind {
	case "", "memory": // has the clock of the server
		return storagememory.New(storagememory.Options{Now: s.clock.now}), func(context.Context, time.Duration) error { return nil }, nil
	case "redis":
		s.stores++
		prefix := fmt.Sprintf("conformance:%d:%d:", os.Getpid(), s.stores)
		o, err := rueidis.ParseURL(os.Getenv("OSTIARY_TEST_REDIS"))
		if err != nil {
			return nil, nil, errors.New("OSTIARY_TEST_REDIS does not name a server")
		}
		o.DisableCache = true
		client, err := rueidis.NewClient(o)
		if err != nil {
			return nil, nil, err
		}
		pass := func(ctx context.Context, d time.Duration) error { return passInRedis(ctx, client, prefix, d) }
		return ownedRedis{redis.New(redis.Options{Client: client, Prefix: prefix}), client}, pass, nil
	default:
		return nil, nil, fmt.Errorf("STORAGE is %q; use memory or redis", kind)
	}
}

// ownedRedis closes the client with the store.
type ownedRedis struct {
	*redis.Store
	client rueidis.Client
}

// Close closes the client.
func (o ownedRedis) Close() error {
	defer o.client.Close()
	return o.Store.Close()
}

// passInRedis shortens the time that keys have to live.
func passInRedis(ctx context.Context, c rueidis.Client, prefix string, d time.Duration) error {
	keys, err := c.Do(ctx, c.B().Keys().Pattern(strings.ReplaceAll(prefix, "*", `\*`)+"*").Build()).AsStrSlice()
	if err != nil {
		return err
	}
	for _, key := range keys {
		left, err := c.Do(ctx, c.B().Pttl().Key(key).Build()).AsInt64()
		if err != nil {
			return err
		}
		if left < 0 {
			continue
		}
		if err := c.Do(ctx, c.B().Pexpire().Key(key).Milliseconds(left-d.Milliseconds()).Build()).Error(); err != nil {
			return err
		}
	}
	return nil
}
