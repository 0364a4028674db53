package testservice

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// redisSlots is how many slots a Redis Cluster distributes over its masters.
const redisSlots = 16384

// StartRedisCluster starts a Redis Cluster of masters without replicas.
func StartRedisCluster(masters int) ([]*Server, error) {
	return StartRedisClusterWithReplicas(masters, 0)
}

// StartRedisClusterWithReplicas starts a Redis Cluster of masters, each with as many
// replicas. The masters come first, then the replicas of the first one, and so on.
func StartRedisClusterWithReplicas(masters, replicas int) ([]*Server, error) {
	var nodes []*Server
	stop := func(err error) ([]*Server, error) {
		for _, n := range nodes {
			err = errors.Join(err, n.Stop())
		}
		return nil, err
	}
	var buses []string
	for range masters * (1 + replicas) {
		bus, err := freePort()
		if err != nil {
			return stop(err)
		}
		node, err := StartRedis("--cluster-enabled", "yes", "--cluster-port", bus, "--databases", "1", "--cluster-node-timeout", "2000")
		if err != nil {
			return stop(err)
		}
		nodes, buses = append(nodes, node), append(buses, bus)
	}
	for i, node := range nodes {
		if i < masters {
			first, last := i*redisSlots/masters, (i+1)*redisSlots/masters-1
			if _, err := AskRedis(node.DSN, "CLUSTER", "ADDSLOTSRANGE", fmt.Sprint(first), fmt.Sprint(last)); err != nil {
				return stop(err)
			}
		}
		if i == 0 {
			continue
		}
		address, err := url.Parse(node.DSN)
		if err != nil {
			return stop(err)
		}
		if _, err := AskRedis(nodes[0].DSN, "CLUSTER", "MEET", address.Hostname(), address.Port(), buses[i]); err != nil {
			return stop(err)
		}
	}
	for _, node := range nodes {
		if err := awaitRedis(node.DSN, "cluster_state:ok", "CLUSTER", "INFO"); err != nil {
			return stop(err)
		}
		if err := awaitRedis(node.DSN, fmt.Sprintf("cluster_known_nodes:%d", len(nodes)), "CLUSTER", "INFO"); err != nil {
			return stop(err)
		}
	}
	for i, replica := range nodes[masters:] {
		id, err := AskRedis(nodes[i/replicas].DSN, "CLUSTER", "MYID")
		if err == nil {
			_, err = AskRedis(replica.DSN, "CLUSTER", "REPLICATE", id)
		}
		if err == nil {
			err = awaitRedis(replica.DSN, "master_link_status:up", "INFO", "replication")
		}
		if err != nil {
			return stop(err)
		}
	}
	return nodes, nil
}

// StartRedisSentinel starts a master, a replica and a Sentinel that watches over
// them under the name "main". The servers are in this order.
func StartRedisSentinel() ([]*Server, error) {
	var servers []*Server
	stop := func(err error) ([]*Server, error) {
		for _, s := range servers {
			err = errors.Join(err, s.Stop())
		}
		return nil, err
	}
	master, err := StartRedis("--repl-diskless-sync-delay", "0")
	if err != nil {
		return stop(err)
	}
	servers = append(servers, master)
	address, err := url.Parse(master.DSN)
	if err != nil {
		return stop(err)
	}
	replica, err := StartRedis("--replicaof", address.Hostname()+" "+address.Port())
	if err != nil {
		return stop(err)
	}
	servers = append(servers, replica)
	if err := awaitRedis(replica.DSN, "master_link_status:up", "INFO", "replication"); err != nil {
		return stop(err)
	}
	sentinel, err := startSentinel(address)
	if err != nil {
		return stop(err)
	}
	servers = append(servers, sentinel)
	if err := awaitRedis(sentinel.DSN, "slaves=1", "INFO", "sentinel"); err != nil {
		return stop(err)
	}
	return servers, nil
}

func startSentinel(master *url.URL) (*Server, error) {
	program, err := find("redis-server")
	if err != nil {
		return nil, err
	}
	p, err := newProcess("sentinel", "redis", "valkey")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, p.discard(err)
	}
	config, err := p.write("sentinel.conf", fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor main %s %s 1\n"+
		"sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n", port, p.folder, master.Hostname(), master.Port()))
	if err != nil {
		return nil, p.discard(err)
	}
	dsn := "redis://127.0.0.1:" + port
	answers := func() error {
		_, err := AskRedis(dsn, "PING")
		return err
	}
	server, err := p.start("KILL", answers, program, config, "--sentinel")
	if err != nil {
		return nil, p.discard(err)
	}
	server.DSN = dsn
	return server, nil
}

// awaitRedis waits until the answer to a command contains a text.
func awaitRedis(dsn, text string, command ...string) error {
	for deadline := time.Now().Add(startTime); ; time.Sleep(20 * time.Millisecond) {
		answer, err := AskRedis(dsn, command...)
		if err == nil && strings.Contains(answer, text) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s never says %q: %q, %w", command[0], text, answer, err)
		}
	}
}
