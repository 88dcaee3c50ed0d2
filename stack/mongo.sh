# shellcheck shell=bash
# MongoDB: mongod where it is installed, else an embedded FerretDB that is built once with Go.

mongo_processes() { echo mongo; }
mongo_address() { echo "127.0.0.1:$(<"$STACK_DIR/mongo.port")"; }
mongo_variable() { echo OUTBOX_TEST_MONGO; }
mongo_url() { printf 'mongodb://%s/' "$(mongo_address)"; }
mongo_answers_at() { python "$DEV_ROOT/stack/probe.py" mongo "$1"; }
mongo_answers() { mongo_answers_at "$(mongo_url)"; }

mongo_go() {
  local go version
  for go in "$(command -v go)" /usr/local/go/bin/go /usr/local/go*/bin/go; do
    [[ -n $go && -x $go ]] || continue
    version=$("$go" env GOVERSION 2>/dev/null) || continue
    if [[ $version =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 24)); then
      echo "$go"
      return 0
    fi
  done
  die "neither mongod nor Go 1.24 or newer is installed (looked on PATH and in /usr/local/go*/bin)" \
    "Install one of them (Debian 12's golang is too old: take Go from go.dev), or, for all but the demo and the e2e tests, name a running server: OUTBOX_TEST_MONGO=mongodb://host:port/"
}

# mongo_check: dies with the remedy where no MongoDB can be started and none is named.
mongo_check() {
  if [[ -n ${OUTBOX_TEST_MONGO:-} ]] || command -v mongod >/dev/null; then return 0; fi
  [[ -d $DEV_CACHE/$(mongo_ferretdb_name) ]] || mongo_go >/dev/null
}

mongo_ferretdb_name() {
  printf 'ferretdb-'
  cat "$DEV_ROOT"/stack/mongo/{main.go,go.mod,go.sum} | sha256sum | cut -c1-12
}

mongo_ferretdb() { echo "$(cached "$(mongo_ferretdb_name)" mongo_build)/ferretdb"; }

mongo_build() {
  local go
  go=$(mongo_go)
  step "Building FerretDB, the MongoDB of this stack" "once, usually 1 to 3 minutes"
  run_logged "$STACK_DIR/logs/ferretdb-build.log" \
    "Is the Go module proxy reachable (GOPROXY)? Or install mongod, or, for all but the demo and the e2e tests, name a running server: OUTBOX_TEST_MONGO=mongodb://host:port/" \
    env CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS= GOWORK=off \
    "$go" build -C "$DEV_ROOT/stack/mongo" -trimpath -buildvcs=false -tags ferretdb_no_postgresql -o "$1/ferretdb" .
}

mongo_fetch() {
  if ! command -v mongod >/dev/null; then mongo_ferretdb >/dev/null; fi
}

mongo_prepare() { mkdir -p "$STACK_DIR/mongo/data"; }

mongo_spawn() {
  if command -v mongod >/dev/null; then
    spawn mongo mongod --bind_ip 127.0.0.1 --port "$(<"$STACK_DIR/mongo.port")" \
      --dbpath "$STACK_DIR/mongo/data" --nounixsocket
  else
    local ferretdb
    ferretdb=$(mongo_ferretdb)
    cd "$STACK_DIR/mongo" || return 1
    spawn mongo "$ferretdb" -listen "$(mongo_address)" -data data
    cd "$DEV_ROOT" || return 1
  fi
}

mongo_stop() {
  if [[ $1 == KILL ]]; then mongo_kill; else signal_and_wait mongo TERM 15; fi
}

mongo_kill() { signal_and_wait mongo KILL 5; }
mongo_remove() { rm -rf "$STACK_DIR/mongo"; }
