#!/usr/bin/env bash
# Benchmarks session checks, sign-ins and sign-ups of Ostiary, Better Auth and
# handlers written by hand against each other on one machine, loopback only.
#
#   ./run.sh                      everything, 3 rounds of 10 s
#                                 (session, signin, signup; mixed = session checks
#                                 while AUTHCONNS clients sign in all the time)
#   TESTS="session" ./run.sh      only session checks
#   ONLY="ba-db go-pgx" ./run.sh  only these contestants
#   PIN=1 ./run.sh                server on CPU 0 (GOMAXPROCS=1), everything else on CPU 1
#   PEERS=file ./run.sh           more contestants; see "Extra contestants" in README.md
#
# Needs: bash, curl, node >= 20, npm, go, wrk, redis-server, psql, PostgreSQL
# server binaries in PGBIN. Peers come from the npm registry and the Go module
# proxy by name; nothing of theirs is kept here. Runs as root (PostgreSQL then
# under PGOSUSER) or as an ordinary user.
#
# Contestants take turns inside each round, and each round starts at another
# contestant, so that a disturbance on a shared machine hits all alike. Compare
# ratios between contestants of the same run; absolute numbers are the machine's.
set -euo pipefail
[ -z "${TRACE:-}" ] || set -x
here=$(cd "$(dirname "$0")" && pwd)
DUR=${DUR:-10} WARM=${WARM:-3} ROUNDS=${ROUNDS:-3} CONNS=${CONNS:-16} AUTHCONNS=${AUTHCONNS:-8}
USERS=${USERS:-1000} TESTS=${TESTS:-"session signin signup mixed inproc"} ONLY=${ONLY:-} PIN=${PIN:-0}
PGBIN=${PGBIN:-/usr/lib/postgresql/15/bin} PGOSUSER=${PGOSUSER:-postgres}
export PASSWORD=${PASSWORD:-correct-horse-battery} USERS
OUT=${OUT:-results.jsonl} HZ=$(getconf CLK_TCK)

W=$(mktemp -d "${TMPDIR:-/tmp}/authbench.XXXXXX"); chmod 711 "$W"
pids=()
cleanup() {
  for p in "${pids[@]:-}"; do [ -n "$p" ] && kill "$p" 2>/dev/null || true; done
  [ -d "$W/pg" ] && as_pg "$PGBIN/pg_ctl" -D "$W/pg" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$W"
}
trap cleanup EXIT
as_pg() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u "$PGOSUSER" -- "$@"); else "$@"; fi; }
freeport() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
side() { if [ "$PIN" = 1 ]; then taskset -c 1 "$@"; else "$@"; fi; }     # load generator, databases
main() { if [ "$PIN" = 1 ]; then GOMAXPROCS=1 taskset -c 0 "$@"; else "$@"; fi; } # the contestant
start() { # start NAME CMD...: runs a contestant in the background, pid in $pid
  local n=$1; shift
  if [ "$PIN" = 1 ]; then GOMAXPROCS=1 taskset -c 0 "$@" >"$W/$n.log" 2>&1 & else "$@" >"$W/$n.log" 2>&1 & fi
  pid=$!; pids+=("$pid")
}
waitport() { for _ in $(seq 150); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.2; done; echo "port $1 did not open" >&2; cat "$W"/*.log >&2; return 1; }
want() { [ -z "$ONLY" ] || [[ " $ONLY " == *" $1 "* ]]; }
tree() { echo "$1"; pgrep -P "$1" || true; }
cpu() { # CPU time a process and its children have used, in clock ticks
  local t=0 p; for p in $(tree "$1"); do t=$((t + $(sed 's/.*) //' "/proc/$p/stat" 2>/dev/null | awk '{s=$12+$13} END{print s+0}'))); done; echo "$t"; }
rss() { # RSS of a process and its children, MiB
  local t=0 p; for p in $(tree "$1"); do t=$((t + $(awk '/^VmRSS/{s=$2} END{print s+0}' "/proc/$p/status" 2>/dev/null || echo 0))); done; echo $((t / 1024)); }

echo "# building in $W"
cp -r "$here/better-auth" "$here/goref" "$W/"
(cd "$W/better-auth" && npm ci --no-audit --no-fund --silent)
(cd "$W/goref" && GOWORK=off go build -o "$W/bin-goref" .)
(cd "$here/.." && go build -trimpath -ldflags "-s -w" -o "$W/bin-ostiary" ./cmd/ostiary)

pgport=$(freeport); redisport=$(freeport)
mkdir "$W/pg"; [ "$(id -u)" = 0 ] && chown "$PGOSUSER" "$W/pg"
as_pg "$PGBIN/initdb" -D "$W/pg" -A trust -U bench --locale=C -E UTF8 >/dev/null
# synchronous_commit off for everybody: the disk of a shared machine is not what is compared
cat >>"$W/pg/postgresql.conf" <<C
port=$pgport
listen_addresses='127.0.0.1'
unix_socket_directories=''
max_connections=200
shared_buffers=256MB
synchronous_commit=off
C
as_pg "$PGBIN/pg_ctl" -D "$W/pg" -l "$W/pg/log" -w start >/dev/null
if [ "$PIN" = 1 ]; then taskset -acp 1 "$(head -1 "$W/pg/postmaster.pid")" >/dev/null; fi
pin=; [ "$PIN" = 1 ] && pin="taskset -c 1"
$pin redis-server --port "$redisport" --bind 127.0.0.1 --save '' --appendonly no --dir "$W" >"$W/redis.log" 2>&1 & pids+=($!)
pgurl() { echo "postgres://bench@127.0.0.1:$pgport/$1?sslmode=disable"; }
sql() { psql -qAt "$(pgurl "$1")" -c "$2"; }
for d in ba baredis extra; do sql postgres "create database $d" ; done
waitport "$redisport"

export NODE_ENV=production REDIS_PORT=$redisport
# name, test, url, header, environment for wrk, pid: one line per contestant and test
table="$W/table"; : >"$table"
us=$'\x1f' # a separator that is not white space, so that empty fields survive read
add() { local IFS=$us; printf '%s\n' "$*" >>"$table"; }

ba() { # ba NAME MODE DB [VAR=...]: starts one Better Auth and enters its tests
  local n=$1 mode=$2 db=$3 port jar; shift 3; port=$(freeport)
  start "$n" env "$@" MODE="$mode" PORT="$port" PG_URL="$(pgurl "$db")" node "$W/better-auth/server.mjs"
  waitport "$port"; local u="http://127.0.0.1:$port/api/auth"
  if [ "$(sql "$db" 'select count(*) from "user"')" = 0 ]; then
    curl -sf -o /dev/null -H "Origin: http://127.0.0.1:$port" -H 'Content-Type: application/json' \
      -d "{\"name\":\"Bench\",\"email\":\"user0@bench.test\",\"password\":\"$PASSWORD\"}" "$u/sign-up/email"
    sql "$db" "insert into \"user\" select (jsonb_populate_record(u, jsonb_build_object('id','u'||g,'email','user'||g||'@bench.test'))).* from \"user\" u, generate_series(1,$((USERS - 1))) g"
    sql "$db" "insert into account select (jsonb_populate_record(a, jsonb_build_object('id','a'||g,'accountId','u'||g,'userId','u'||g))).* from account a, generate_series(1,$((USERS - 1))) g"
    if [ -n "$(sql "$db" "select to_regclass('session')")" ]; then
      sql "$db" "insert into session select (jsonb_populate_record(s, jsonb_build_object('id','s'||g,'token',md5(g::text)))).* from session s, generate_series(1,20000) g"
    fi
    sql "$db" "vacuum analyze"
  fi
  jar=$(curl -sf -D- -o /dev/null -H "Origin: http://127.0.0.1:$port" -H 'Content-Type: application/json' \
    -d "{\"email\":\"user0@bench.test\",\"password\":\"$PASSWORD\"}" "$u/sign-in/email" |
    tr -d '\r' | sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\);.*/\1/p' | paste -sd';' | sed 's/;/; /g')
  curl -sf -H "Cookie: $jar" "$u/get-session" | grep -q user0@bench.test || { echo "$n: no session" >&2; cat "$W/$n.log" >&2; exit 1; }
  cookie[$n]=$jar
  add "$n" session "$u/get-session" "Cookie: $jar" "" "$pid"
  add "$n" signin "$u/sign-in/email" "Origin: http://127.0.0.1:$port" "BODY_KIND=signin" "$pid"
  add "$n" signup "$u/sign-up/email" "Origin: http://127.0.0.1:$port" "BODY_KIND=signup EXTRA=,\"name\":\"Bench\" TAG=$n" "$pid"
}
declare -A cookie
for d in ba:db baredis:redis; do
  MIGRATE=1 MODE=${d#*:} PORT=1 PG_URL="$(pgurl "${d%:*}")" node "$W/better-auth/server.mjs"
done
ba ba-db db ba
want ba-db-joins && ba ba-db-joins db ba JOINS=1
want ba-db-x2 && ba ba-db-x2 db ba WORKERS=2
ba ba-cache cache ba
ba ba-redis redis baredis

gp=$(freeport)
start go "$W/bin-goref" serve -addr "127.0.0.1:$gp" -pg "$(pgurl ba)" -redis "127.0.0.1:$redisport"; waitport "$gp"
add go-noop session "http://127.0.0.1:$gp/noop" "X-Ref: noop" "" "$pid"
add go-pgx session "http://127.0.0.1:$gp/pgx" "Cookie: ${cookie[ba-db]}" "" "$pid"
add go-cookiecache session "http://127.0.0.1:$gp/cookiecache" "Cookie: ${cookie[ba-cache]}" "" "$pid"
add go-redis session "http://127.0.0.1:$gp/redis" "Cookie: ${cookie[ba-redis]}" "" "$pid"
add go-pgx signin "http://127.0.0.1:$gp/signin" "X-Ref: signin" "BODY_KIND=signin" "$pid"
if want go-pgx-h1; then # the same with one password hash at a time, to see what that leaves for session checks
  gp=$(freeport); start go1 "$W/bin-goref" serve -addr "127.0.0.1:$gp" -pg "$(pgurl ba)" -hashers 1; waitport "$gp"
  add go-pgx-h1 session "http://127.0.0.1:$gp/pgx" "Cookie: ${cookie[ba-db]}" "" "$pid"
  add go-pgx-h1 signin "http://127.0.0.1:$gp/signin" "X-Ref: signin" "BODY_KIND=signin" "$pid"
fi

# Ostiary serves the cookies, tables and keys that Better Auth has written.
ostiary() { # ostiary NAME DB COOKIES YAML: starts an Ostiary server and enters its tests
  want "$1" || return 0
  local n=$1 port; port=$(freeport)
  cat >"$W/$n.yaml" <<Y
baseURL: http://127.0.0.1:$port
secret: bench-secret-bench-secret-bench-secret-0123456789
database: {url: "$(pgurl "$2")", migrate: false}
emailAndPassword: {enabled: true}
rateLimit: {enabled: false}
server: {listen: "127.0.0.1:$port", allowWeakSecret: true, accessLog: false, logLevel: error, passwordHashing: {queue: 10000}}
$4
Y
  start "$n" "$W/bin-ostiary" serve --config "$W/$n.yaml"; waitport "$port"
  local u="http://127.0.0.1:$port/api/auth"
  curl -sf -H "Cookie: $3" "$u/get-session" | grep -q user0@bench.test || { echo "$n: no session" >&2; cat "$W/$n.log" >&2; exit 1; }
  add "$n" session "$u/get-session" "Cookie: $3" "" "$pid"
  add "$n" signin "$u/sign-in/email" "Origin: http://127.0.0.1:$port" "BODY_KIND=signin" "$pid"
  add "$n" signup "$u/sign-up/email" "Origin: http://127.0.0.1:$port" "BODY_KIND=signup EXTRA=,\"name\":\"Bench\" TAG=$n" "$pid"
}
redisurl="redis://127.0.0.1:$redisport"
ostiary ostiary-db ba "${cookie[ba-db]}" ""
ostiary ostiary-memory ba "${cookie[ba-db]}" "session: {memory: {enabled: true}}"
ostiary ostiary-cache ba "${cookie[ba-cache]}" "session: {cookieCache: {enabled: true, maxAge: 3600}}"
ostiary ostiary-redis baredis "${cookie[ba-redis]}" "secondaryStorage: {url: \"$redisurl\"}"
ostiary ostiary-redis-tracking baredis "${cookie[ba-redis]}" "secondaryStorage: {url: \"$redisurl\", clientCache: true}"

# Extra contestants: a shell file that may call start, waitport, freeport, pgurl, sql and add
if [ -n "${PEERS:-}" ]; then . "$PEERS"; fi

one() { # one SECONDS CONNS URL HEADER ENV
  side env $5 wrk -t1 -c"$2" -d"$1s" --timeout 10s -H "$4" -s "$here/wrk/report.lua" "$3" 2>&1 | sed -n 's/^RESULT //p'
}
: >"$OUT"
# fields of a contestant's row for a test: url, header, environment, pid
row() { awk -F"$us" -v n="$1" -v t="$2" '$1==n && $2==t' "$table"; }
for t in ${TESTS//inproc/}; do
  of=$t; [ "$t" = mixed ] && of=signin
  mapfile -t names < <(awk -F"$us" -v t="$of" -v only=" $ONLY " '$2==t && (only=="  " || index(only," "$1" ")) {print $1}' "$table")
  for r in 0 $(seq "$ROUNDS"); do # round 0 warms up and is not kept
    secs=$DUR; [ "$r" = 0 ] && secs=$WARM
    for i in "${!names[@]}"; do
      n=${names[$(((i + r * 3) % ${#names[@]}))]}
      if [ "$t" = mixed ]; then
        IFS=$us read -r _ _ u h e p < <(row "$n" signin)
        one $((secs + 1)) "$AUTHCONNS" "$u" "$h" "$e" >/dev/null & storm=$!
        IFS=$us read -r _ _ u h e p < <(row "$n" session); c=$CONNS
        sleep 0.5; res=$(one "$secs" "$c" "$u" "$h" "$e"); wait "$storm"
      else
        IFS=$us read -r _ _ u h e p < <(row "$n" "$t"); c=$AUTHCONNS; [ "$t" = session ] && c=$CONNS
        t0=$(cpu "$p"); res=$(one "$secs" "$c" "$u" "$h" "${e//TAG=/TAG=$r-$$-}"); t1=$(cpu "$p")
        # CPU time of the server alone per request: hardly moved by what else runs on the machine
        reqs=${res#*\"requests\":}; reqs=${reqs%%,*}
        [ "$reqs" = 0 ] || res="{\"cpu_us\":$(((t1 - t0) * 1000000 / HZ / reqs)),${res#\{}"
      fi
      [ "$r" = 0 ] && continue
      echo "{\"test\":\"$t\",\"name\":\"$n\",\"round\":$r,\"conns\":$c,\"pin\":$PIN,\"rss_mib\":$(rss "$p"),${res#\{}" | tee -a "$OUT"
    done
  done
done
if [[ " $TESTS " == *" inproc "* ]]; then # the same check without HTTP
  for r in $(seq "$ROUNDS"); do for m in db cache; do
    IFS=$us read -r _ _ u h e p < <(row "ba-$m" session)
    (cd "$W/better-auth" && MODE=$m BASE="${u%/api/auth/*}" PG_URL="$(pgurl ba)" COOKIE="${h#Cookie: }" main node inproc.mjs)
  done; done
fi
main "$W/bin-goref" hash | tee "$W/hash"; (cd "$W/better-auth" && main node hash.mjs 20) | tee -a "$W/hash"
echo; node "$here/summary.mjs" "$OUT"
