# shellcheck shell=bash
# ./dev demo: the three programs on a stack of their own, and orders that become invoices.
# Their state and logs lie in .stack/demo beside the stack's. What it counts must be its own: servers
# that the environment names for the tests are not used.

DEMO_BIN=$DEV_ROOT/build/dev/bin
# In the order in which they start; they stop in the same one: first what makes work.
DEMO_PROGRAMS=(order-service outbox-processor invoice-service)

demo_help() {
  cat <<'HELP'
usage: ./dev demo [--orders N] [--json] [--keep]
       ./dev demo --stop

  --orders N   how many orders (200 unless told)
  --json       the last line of standard output is the result as JSON
  --keep       leave everything running and print the addresses
  --stop       stop what --keep left running
  --real       on the real servers, as it always is
HELP
}

demo_main() {
  local keep='' stop='' orders=200
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
      --real) ;;
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

  mongo_check
  deps_for_stack
  build_preset dev
  demo_down # what an earlier one left
  trap demo_down EXIT
  demo_up
  step "Sending $orders orders and waiting for their invoices" "usually 10 s for 2000"
  "$DEMO_BIN/outbox-demo" run --orders "$orders" --timeout "$((120 + orders / 50))s" "${driver[@]}" 7>&- ||
    demo_failed "the demo found something wrong"
  if [[ -n $keep ]]; then
    trap - EXIT
    demo_addresses
    say "Everything goes on running. To stop it: ./dev demo --stop"
  fi
}

demo_failed() {
  say "error: $1"
  die "the demo failed" "Logs of the programs and servers: $STACK_DIR/logs"
}

# demo_up: servers, tables, programs; exports what the driver needs.
demo_up() {
  local environment
  environment=$("$DEV_ROOT/dev" stack up --name demo 7>&-) || exit 1
  eval "$environment"
  step "Creating the tables and starting the programs" "a few seconds"
  # The names by which the programs and the driver know the servers.
  export DATABASE_URL=$OUTBOX_TEST_POSTGRES MONGO_URI=$OUTBOX_TEST_MONGO KAFKA_BROKERS=$OUTBOX_TEST_KAFKA
  run_logged "$STACK_DIR/logs/migrate.log" \
    "See the message above; the servers' logs are in $STACK_DIR/logs." \
    "$DEMO_BIN/outboxctl" migrate || exit 1

  demo_port order-service 3000
  demo_port outbox-processor 8080
  demo_port invoice-service 3001
  demo_spawn order-service
  demo_spawn outbox-processor "OUTBOX_SINK__BROKERS=$KAFKA_BROKERS" "OUTBOX_SINK__ROUTES__ORDER=order-events"
  demo_spawn invoice-service
  local program
  for program in "${DEMO_PROGRAMS[@]}"; do demo_wait "$program"; done
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

demo_url() { echo "http://127.0.0.1:$(<"$STACK_DIR/$1.port")"; }

# demo_spawn PROGRAM NAME=VALUE...: secrets go by the environment, which only its user can read.
demo_spawn() {
  local program=$1 setting
  shift
  new_log "$program"
  (
    for setting in "$@" "OUTBOX_HTTP__PORT=$(<"$STACK_DIR/$program.port")"; do export "${setting?}"; done
    spawn "$program" "$DEMO_BIN/$program"
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
  relay      $(demo_url outbox-processor)/
  servers    ./dev stack env --name demo
  logs       $STACK_DIR/logs

ADDRESSES
}

demo_down() {
  begin_teardown
  if compgen -G "$STACK_DIR/*.pid" >/dev/null; then step "Stopping the demo" "a few seconds"; fi
  local program
  for program in "${DEMO_PROGRAMS[@]}"; do
    signal_and_wait "$program" TERM 15
    rm -f "$STACK_DIR/$program.pid" "$STACK_DIR/$program.port"
  done
  "$DEV_ROOT/dev" stack down --name demo >/dev/null 2>&1 7>&- || true
  end_teardown
}
