# shellcheck shell=bash
# ./dev demo: the three programs, and orders that become invoices while parts of it are killed.
# They keep their data in SQLite files and speak HTTP; with --real, they have PostgreSQL, Kafka and
# MongoDB. State and logs lie in .stack/demo. What it counts must be its own: servers that the
# environment names for the tests are not used.

DEMO_BIN=$DEV_ROOT/build/dev/bin
# In the order in which they start; they stop in the same one: first what makes work.
DEMO_PROGRAMS=(order-service outbox-processor invoice-service)
declare -A DEMO_ENVIRONMENT=()

demo_help() {
  cat <<'HELP'
usage: ./dev demo [--orders N] [--real] [--json] [--keep]
       ./dev demo --stop

  --orders N   how many orders (2000 unless told)
  --real       on PostgreSQL, Kafka and MongoDB instead of SQLite files and HTTP
  --json       the last line of standard output is the result as JSON
  --keep       leave everything running and print the addresses
  --stop       stop what --keep left running

In the middle, invoice-service is killed for two seconds, and the relay once between a delivery and
its mark.
HELP
}

demo_main() {
  local keep='' stop='' orders=2000
  DEMO_KIND=embedded
  local -a driver=()
  while (($#)); do
    case $1 in
      --orders)
        [[ ${2:-} =~ ^[1-9][0-9]{0,6}$ ]] || die "--orders takes a number from 1 to 9999999, not '${2:-}'"
        orders=$2
        shift
        ;;
      --json) driver+=(--json) ;;
      --keep) keep=1 ;;
      --stop) stop=1 ;;
      --real) DEMO_KIND=real ;;
      -h | --help)
        demo_help
        return 0
        ;;
      *) die "unknown option $1" "See ./dev demo --help" ;;
    esac
    shift
  done
  stack_select demo
  mkdir -p "$STACK_DIR/logs"
  exec 7>>"$STACK_DIR/demo.lock"
  flock -n 7 || die "another ./dev demo runs in this checkout" "Wait until it ends: ps -fp $(<"$STACK_DIR/demo.lock")"
  echo $$ >"$STACK_DIR/demo.lock"
  unset OUTBOX_TEST_POSTGRES OUTBOX_TEST_KAFKA OUTBOX_TEST_MONGO
  if [[ -n $stop ]]; then
    demo_down
    say "the demo is stopped; its logs: $STACK_DIR/logs"
    return 0
  fi

  if [[ $DEMO_KIND == real ]]; then
    mongo_check
    deps_for_stack
  fi
  build_preset dev
  demo_down # what an earlier one left
  trap demo_down EXIT
  trap 'exit 130' INT TERM HUP
  "demo_up_$DEMO_KIND"
  demo_ready
  step "Sending $orders orders, killing parts of it, and waiting for the invoices" \
    "usually 10 s for 2000, 30 s with --real"
  demo_faults "$orders" &
  DEMO_FAULTS=$!
  local status=0
  # Few connections, so that the orders take some seconds and there is a middle.
  "$DEMO_BIN/outbox-demo" run --orders "$orders" --connections 2 --timeout "$((120 + orders / 50))s" \
    "${DEMO_TARGETS[@]}" "${driver[@]}" 7>&- || status=$?
  wait "$DEMO_FAULTS" || true
  DEMO_FAULTS=''
  demo_retries
  ((status == 0)) || demo_failed "the demo found something wrong"
  if [[ -n $keep ]]; then
    trap - EXIT INT TERM HUP
    demo_addresses
    say "Everything goes on running. To stop it: ./dev demo --stop"
  fi
}

# demo_retries: how often the relay, since it was started again, failed to deliver and tried later.
demo_retries() {
  local failed
  failed=$(python "$DEV_ROOT/stack/probe.py" metric "$(demo_url outbox-processor)/metrics" \
    outbox_publish_failures_total) || return 0
  say "    the relay failed $failed times to deliver, and tried again"
}

demo_failed() {
  say "error: $1"
  die "the demo failed" "Logs of the programs and servers: $STACK_DIR/logs"
}

# demo_up_embedded: two files, three programs, and no other server. Says in DEMO_TARGETS where the
# driver looks.
demo_up_embedded() {
  step "Creating the tables and starting the programs" "a few seconds"
  local orders=sqlite:$STACK_DIR/orders.db invoices=sqlite:$STACK_DIR/invoices.db secret
  rm -f "$STACK_DIR"/{orders,invoices}.db*
  DEMO_TARGETS=(--database "$orders" --invoices "$invoices")
  demo_migrate "$orders"
  demo_ports
  secret=whsec_$(python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())')
  DEMO_ENVIRONMENT=(
    [order-service]="DATABASE_URL=$orders"
    [outbox-processor]="DATABASE_URL=$orders
OUTBOX_SINK__TYPE=http
OUTBOX_SINK__HTTP__URL=$(demo_url invoice-service)/v1/events
OUTBOX_SINK__HTTP__SECRETS=$secret
OUTBOX_SINK__HTTP__ALLOW_PRIVATE_NETWORKS=true
OUTBOX_TRACE__CONSUMER_URL=$(demo_url invoice-service)"
    [invoice-service]="OUTBOX_STORE__URL=$invoices
OUTBOX_EVENTS__SECRETS=$secret"
  )
}

demo_up_real() {
  local environment
  environment=$("$DEV_ROOT/dev" stack up --name demo 7>&-) || exit 1
  eval "$environment"
  step "Creating the tables and starting the programs" "a few seconds"
  DEMO_TARGETS=(--database "$OUTBOX_TEST_POSTGRES" --invoices "$OUTBOX_TEST_MONGO" --kafka "$OUTBOX_TEST_KAFKA")
  demo_migrate "$OUTBOX_TEST_POSTGRES"
  demo_ports
  DEMO_ENVIRONMENT=(
    [order-service]="DATABASE_URL=$OUTBOX_TEST_POSTGRES"
    [outbox-processor]="DATABASE_URL=$OUTBOX_TEST_POSTGRES
OUTBOX_SINK__BROKERS=$OUTBOX_TEST_KAFKA
OUTBOX_SINK__ROUTES__ORDER=order-events
OUTBOX_SINK__CONSUMER_GROUPS=invoice-group
OUTBOX_TRACE__CONSUMER_URL=$(demo_url invoice-service)"
    [invoice-service]="OUTBOX_STORE__URL=$OUTBOX_TEST_MONGO
KAFKA_BROKERS=$OUTBOX_TEST_KAFKA"
  )
}

demo_migrate() {
  DATABASE_URL=$1 run_logged "$STACK_DIR/logs/migrate.log" \
    "See the message above; the servers' logs are in $STACK_DIR/logs." \
    "$DEMO_BIN/outboxctl" migrate || exit 1
}

demo_ports() {
  demo_port order-service 3000
  demo_port outbox-processor 8080
  demo_token
  demo_port invoice-service 3001
}

# demo_ready: starts the programs and waits for each.
demo_ready() {
  local program
  for program in "${DEMO_PROGRAMS[@]}"; do
    new_log "$program"
    demo_spawn "$program"
  done
  for program in "${DEMO_PROGRAMS[@]}"; do demo_wait "$program"; done
  say "    the relay's page, signed in: $(demo_url outbox-processor)/sign-in#token=$DEMO_TOKEN"
  ORDERS_URL=$(demo_url order-service)
  export ORDERS_URL # for the driver
}

# demo_port PROGRAM WANTED: the usual port where it is free, else another.
demo_port() {
  python "$DEV_ROOT/stack/probe.py" port "$2" >"$STACK_DIR/$1.port" || die "no free port for $1"
  local port
  port=$(<"$STACK_DIR/$1.port")
  [[ $port == "$2" ]] || say "    port $2 is taken: $1 is on $port"
}

# demo_token: lets whoever runs the demo change things on the relay's page.
demo_token() {
  rm -f "$STACK_DIR/tokens"
  DEMO_TOKEN=$("$DEMO_BIN/outboxctl" token new --name demo --role operator --file "$STACK_DIR/tokens" \
    2>"$STACK_DIR/logs/token.log") || demo_failed "there is no token for the relay's page: $STACK_DIR/logs/token.log"
}

demo_url() { echo "http://127.0.0.1:$(<"$STACK_DIR/$1.port")"; }

# demo_spawn PROGRAM: with its DEMO_ENVIRONMENT, a setting a line; secrets go by the environment, which
# only its user can read.
demo_spawn() {
  local setting
  (
    while IFS= read -r setting; do export "${setting?}"; done <<<"${DEMO_ENVIRONMENT[$1]}"
    export "OUTBOX_HTTP__PORT=$(<"$STACK_DIR/$1.port")"
    if [[ $1 == outbox-processor ]]; then export OUTBOX_HTTP__TOKENS_FILE=$STACK_DIR/tokens; fi
    spawn "$1" "$DEMO_BIN/$1"
  )
}

demo_wait() {
  local end=$((SECONDS + 30))
  until python "$DEV_ROOT/stack/probe.py" http "$(demo_url "$1")/readyz" 2>/dev/null; do
    if ! live_pid "$1" >/dev/null || ((SECONDS >= end)); then
      tail -n 15 "$STACK_DIR/logs/$1.log" | sed 's/^/    | /' >&2
      demo_failed "$1 is not ready; the end of its log is above"
    fi
    sleep 0.1
  done
  say "    $1 is ready at $(demo_url "$1")"
}

demo_addresses() {
  cat >&2 <<ADDRESSES

  orders     $ORDERS_URL/v1/orders
  invoices   $(demo_url invoice-service)/v1/invoices
  relay      $(demo_url outbox-processor)/sign-in#token=$DEMO_TOKEN
  data       ${DEMO_TARGETS[1]}
  logs       $STACK_DIR/logs

ADDRESSES
}

demo_down() {
  begin_teardown
  if compgen -G "$STACK_DIR/*.pid" >/dev/null; then step "Stopping the demo" "a few seconds"; fi
  if [[ -n ${DEMO_FAULTS:-} ]]; then
    kill "$DEMO_FAULTS" 2>/dev/null || true
    wait "$DEMO_FAULTS" 2>/dev/null || true
  fi
  local program pid
  for program in "${DEMO_PROGRAMS[@]}"; do
    if pid=$(live_pid "$program"); then kill -CONT "$pid" 2>/dev/null || true; fi
    signal_and_wait "$program" TERM 15
    rm -f "$STACK_DIR/$program.pid" "$STACK_DIR/$program.port"
  done
  "$DEV_ROOT/dev" stack down --name demo >/dev/null 2>&1 7>&- || true
  end_teardown
}
