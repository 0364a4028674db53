package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/ostiary/ostiary/internal/testservice" // brings the driver
)

// galera is a Galera cluster. Each node of the server has another one in front, so
// that they write to all of them.
type galera struct {
	cluster *testservice.Galera
	checks  []*sql.DB
}

const galeraDatabase = "auth"

func (s *scene) onGalera() error {
	cluster, err := testservice.StartGalera(3)
	if err != nil {
		return err
	}
	s.ends = append(s.ends, func() { _ = cluster.Stop() })
	g := &galera{cluster: cluster}
	for i := range 3 {
		db, err := sql.Open("mysql", cluster.DSN(i)+galeraDatabase+"?sql_mode=ANSI_QUOTES&wsrep_sync_wait=1")
		if err != nil {
			return err
		}
		db.SetMaxIdleConns(-1) // they would be lost when a server is killed
		s.ends = append(s.ends, func() { _ = db.Close() })
		g.checks = append(g.checks, db)
	}
	admin, err := sql.Open("mysql", cluster.DSN(0))
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.Exec("CREATE DATABASE " + galeraDatabase + " CHARACTER SET utf8mb4"); err != nil {
		return err
	}
	s.database = g
	s.settings = "rateLimit: {enabled: false}\n"
	s.faults = append(s.faults, ofNodes...)
	s.faults = append(s.faults, fault{"all servers compete for single-use values and addresses", g.races})
	for i := range 2 {
		s.faults = append(s.faults, fault{fmt.Sprintf("database server %d is killed and comes back empty", i+1), func(ctx context.Context, s *scene) error {
			if err := cluster.Kill(i); err != nil {
				return err
			}
			wait(ctx, s.phase/2)
			return cluster.Start(i)
		}})
	}
	return nil
}

// url lists all servers, another one in front for each node.
func (g *galera) url(node int) string {
	var hosts []string
	for i := range 3 {
		hosts = append(hosts, g.cluster.Address((node+i)%3))
	}
	u := url.URL{Scheme: "mysql", User: url.UserPassword("ostiary", g.cluster.Password()), Host: strings.Join(hosts, ","), Path: "/" + galeraDatabase, RawQuery: "wsrep_sync_wait=1"}
	return u.String()
}

// query asks all servers, which must agree.
func (g *galera) query(statement string) (string, error) {
	var answers []string
	for i, db := range g.checks {
		text, err := printed(db, statement)
		if err != nil {
			return "", fmt.Errorf("server %d: %w", i+1, err)
		}
		answers = append(answers, text)
	}
	for _, text := range answers[1:] {
		if text != answers[0] {
			return "", fmt.Errorf("the servers do not agree: %.200q", answers)
		}
	}
	return answers[0], nil
}

// printed returns the rows of a statement with one column, a line each.
func printed(db *sql.DB, statement string) (text string, err error) {
	rows, err := db.Query(statement)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		text += line + "\n"
	}
	return text, rows.Err()
}
