package testservice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Galera is a cluster of MariaDB servers, each of which takes reads and writes.
type Galera struct {
	install, daemon, provider string
	password                  string
	nodes                     []*galeraNode
}

// galeraNode is one of its servers; its addresses are the same after a restart.
type galeraNode struct {
	port, group, state, increments string
	running                        *Server // nil when it does not run
}

// StartGalera starts a cluster, which forgets everything when all have ended.
func StartGalera(size int) (*Galera, error) {
	g := &Galera{password: rand.Text()}
	var err error
	if g.install, err = find("mariadb-install-db"); err != nil {
		return nil, err
	}
	if g.daemon, err = find("mariadbd", "/usr/sbin/mariadbd", "/usr/libexec/mariadbd"); err != nil {
		return nil, err
	}
	if g.provider, err = find("libgalera_smm.so", "/usr/lib*/galera*/libgalera_smm.so", "/usr/lib/*/galera*/libgalera_smm.so"); err != nil {
		return nil, errors.New("Galera is not installed: apt-get install galera-4 rsync")
	}
	for range size {
		n := &galeraNode{}
		for _, port := range []*string{&n.port, &n.group, &n.state, &n.increments} {
			if *port, err = freePort(); err != nil {
				return nil, err
			}
		}
		g.nodes = append(g.nodes, n)
	}
	for i := range g.nodes {
		if err := g.Start(i); err != nil {
			return nil, errors.Join(fmt.Errorf("node %d: %w", i, err), g.Stop())
		}
	}
	return g, nil
}

// Address returns where a node listens, host:port.
func (g *Galera) Address(i int) string { return net.JoinHostPort("127.0.0.1", g.nodes[i].port) }

// Password is that of the user "ostiary", who may do everything.
func (g *Galera) Password() string { return g.password }

// DSN returns how to connect to a node, in the form of the Go driver.
func (g *Galera) DSN(i int) string {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = "ostiary", g.password, "tcp", g.Address(i)
	return config.FormatDSN()
}

// Kill ends a node as a crash does. What it had on disk is lost.
func (g *Galera) Kill(i int) error {
	n := g.nodes[i]
	if n.running == nil {
		return nil
	}
	err := n.running.Stop()
	n.running = nil
	return err
}

// Stop ends all nodes.
func (g *Galera) Stop() error {
	var failures []error
	for i := range g.nodes {
		failures = append(failures, g.Kill(i))
	}
	return errors.Join(failures...)
}

// Start starts a node that does not run. It gets its data from one that does; the
// first of all makes a new cluster. It returns when the node takes statements.
func (g *Galera) Start(i int) error {
	if err := g.revive(); err != nil {
		return err
	}
	p, err := newProcess("galera", "mysql")
	if err != nil {
		return err
	}
	p.patience = joinTime
	n := g.nodes[i]
	if n.running, err = g.start(p, n); err != nil {
		return p.discard(err)
	}
	return nil
}

// joinTime bounds how long a node may take until it has the data of the others: the
// scripts that copy it start many programs, which takes a minute where others need
// the processor.
const joinTime = 5 * time.Minute

// settleTime is how long nodes may take to agree on who is left of a cluster.
const settleTime = 20 * time.Second

// revive makes sure that the nodes which run are a cluster that takes statements.
//
// When a node is killed while another one stalls for longer than the others wait
// for it, as happens on a machine that is very busy, all that are left are alone.
// None of them is a majority, and they remain without one when they have found each
// other again, because the dead node is missing: it comes back as another. Then
// somebody has to tell them to go on, which is done here to the one that has the
// most. The others get from it what they lack.
func (g *Galera) revive() error {
	var living []*Server
	for _, n := range g.nodes {
		if n.running != nil {
			living = append(living, n.running)
		}
	}
	err := awaitPrimary(living)
	if err == nil {
		return nil
	}
	var ahead *Server
	most := int64(-1)
	for _, s := range living {
		text, err := galeraStatus(s.DSN, "wsrep_last_committed")
		if err != nil {
			return err
		}
		committed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("wsrep_last_committed: %w", err)
		}
		if committed > most {
			ahead, most = s, committed
		}
	}
	if err := executeMariaDB(ahead.DSN, "SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'"); err != nil {
		return err
	}
	return awaitPrimary(living)
}

// awaitPrimary waits until all nodes belong to the part of the cluster that takes
// statements.
func awaitPrimary(nodes []*Server) error {
	for deadline := time.Now().Add(settleTime); ; time.Sleep(50 * time.Millisecond) {
		var waiting error
		for i, s := range nodes {
			status, err := galeraStatus(s.DSN, "wsrep_cluster_status")
			if err == nil && status != "Primary" {
				err = errors.New("it belongs to no majority: " + status)
			}
			if err != nil {
				waiting = fmt.Errorf("node %d of those that run: %w", i, err)
				break
			}
		}
		if waiting == nil || time.Now().After(deadline) {
			return waiting
		}
	}
}

// galeraStatus returns what a node says about itself, also one without a majority.
func galeraStatus(dsn, name string) (value string, err error) {
	db, err := openQuietly(dsn)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = db.QueryRowContext(ctx, "SHOW STATUS LIKE '"+name+"'").Scan(&name, &value)
	return value, err
}

func (g *Galera) start(p *process, n *galeraNode) (*Server, error) {
	data := filepath.Join(p.folder, "data")
	err := p.run(g.install, "--no-defaults", "--datadir="+data, "--skip-test-db", "--skip-name-resolve",
		"--innodb-flush-method=nosync", "--innodb-log-file-size=16M")
	if err != nil {
		return nil, err
	}
	args := []string{
		"--no-defaults", "--datadir=" + data,
		"--bind-address=127.0.0.1", "--port=" + n.port, "--socket=" + filepath.Join(p.folder, "socket"), "--pid-file=" + filepath.Join(p.folder, "pid"),
		"--skip-name-resolve", "--character-set-server=utf8mb4", "--max-connections=500", "--max-allowed-packet=64M",
		"--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M",
		"--innodb-buffer-pool-size=64M", "--performance-schema=off",
		"--binlog-format=ROW", "--innodb-autoinc-lock-mode=2",
		"--wsrep-on=ON", "--wsrep-provider=" + g.provider, "--wsrep-cluster-name=ostiary",
		"--wsrep-node-address=127.0.0.1", "--wsrep-node-incoming-address=127.0.0.1:" + n.port,
		"--wsrep-sst-method=rsync", "--wsrep-sst-receive-address=127.0.0.1:" + n.state,
		"--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:" + n.group + ";base_port=" + n.group + ";ist.recv_addr=127.0.0.1:" + n.increments +
			";gcache.size=32M",
	}
	var members []string
	for _, other := range g.nodes {
		if other.running != nil {
			members = append(members, "127.0.0.1:"+other.group)
		}
	}
	args = append(args, "--wsrep-cluster-address=gcomm://"+strings.Join(members, ","))
	if len(members) == 0 {
		users, err := p.write("users.sql", fmt.Sprintf("SET SESSION wsrep_on=OFF;\nCREATE USER ostiary@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO ostiary@'127.0.0.1' WITH GRANT OPTION;\n", g.password))
		if err != nil {
			return nil, err
		}
		args = append(args, "--wsrep-new-cluster", "--init-file="+users)
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = "ostiary", g.password, "tcp", net.JoinHostPort("127.0.0.1", n.port)
	dsn := config.FormatDSN()
	// Before the node has the data of the others it refuses everything.
	server, err := p.start("KILL", func() error { return executeMariaDB(dsn, "SELECT 1 FROM mysql.user LIMIT 1") }, g.daemon, args...)
	if err != nil {
		return nil, err
	}
	server.DSN = dsn
	return server, nil
}
