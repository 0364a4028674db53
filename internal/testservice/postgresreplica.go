package testservice

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
)

// StartPostgresWithReplica starts a PostgreSQL server and a streaming replica of it,
// which can be promoted (pg_promote). The primary acknowledges what the replica
// has. Users and passwords are the same at both.
func StartPostgresWithReplica() (primary, replica *Server, err error) {
	initdb, err := find("initdb", "/usr/lib/postgresql/*/bin/initdb", "/usr/pgsql-*/bin/initdb")
	if err != nil {
		return nil, nil, err
	}
	p, err := newProcess("postgres", "postgres")
	if err != nil {
		return nil, nil, err
	}
	if primary, err = startPostgres(p, initdb, "wal_level=replica", "max_wal_senders=4"); err != nil {
		return nil, nil, p.discard(err)
	}
	if replica, err = startReplica(filepath.Dir(initdb), primary.DSN); err != nil {
		return nil, nil, errors.Join(err, primary.Stop())
	}
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if err := executePostgres(primary.DSN, statement); err != nil {
			return nil, nil, errors.Join(err, replica.Stop(), primary.Stop())
		}
	}
	return primary, replica, nil
}

func startReplica(bin, primary string) (*Server, error) {
	p, err := newProcess("replica", "postgres")
	if err != nil {
		return nil, err
	}
	data := filepath.Join(p.folder, "data")
	if err := p.run(filepath.Join(bin, "pg_basebackup"), "--pgdata", data, "--dbname", primary, "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast", "--no-sync"); err != nil {
		return nil, p.discard(err)
	}
	port, err := freePort()
	if err != nil {
		return nil, p.discard(err)
	}
	address, err := url.Parse(primary)
	if err != nil {
		return nil, p.discard(fmt.Errorf("the DSN of the primary is no URL"))
	}
	address.Host = net.JoinHostPort("127.0.0.1", port)
	server, err := servePostgres(p, bin, data, address.String(), port)
	if err != nil {
		return nil, p.discard(err)
	}
	return server, nil
}
