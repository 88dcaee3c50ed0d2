# shellcheck shell=bash
# ./dev chaos: the real system on three brokers, with faults, and what became of its messages.

chaos_help() {
  cat <<'HELP'
usage: ./dev chaos [--seed S] [--minutes M] [--relays N] [--source S] [--json FILE] [OPTION...]

  --seed S         of the faults and the load; one of chance unless told, and printed
  --minutes M      how long faults come (8 unless told); starting and draining come on top
  --relays N       processes of the relay (3 unless told)
  --source S       what they read: table (unless told) or wal
  --json FILE      writes the result there as well
  --only A,B       only faults of these classes; a wrong name lists them
  --programs DIR   the programs under test (those of the dev build unless told); OUTBOX_MUTANT reaches
                   the relays
  --rate R         messages a second (350), of --writers N connections (16)
  --relay-setting path=value   for every relay; may be repeated
  --keep           keeps the logs also when all went well

Exit status: 0 every promise was kept, 1 one was broken, 2 the run could not be done.
HELP
}

chaos_main() {
  local argument status=0
  for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
      chaos_help
      return 0
    fi
  done
  mkdir -p "$DEV_STATE"
  exec 7>>"$DEV_STATE/chaos.lock"
  flock -n 7 || die "another ./dev chaos runs in this checkout" "Wait until it ends: ps -fp $(<"$DEV_STATE/chaos.lock")"
  echo $$ >"$DEV_STATE/chaos.lock"
  unset OUTBOX_TEST_POSTGRES OUTBOX_TEST_KAFKA OUTBOX_TEST_MONGO
  mongo_check
  deps_for_stack
  build_preset dev chaos
  CHAOS_PID=''
  trap chaos_down EXIT
  trap 'exit 130' INT TERM HUP
  # A process group of its own, so that Ctrl-C reaches only this shell, and so that what the program
  # started can be ended as a whole.
  set -m
  build/dev/bin/chaos "$@" 7>&- &
  CHAOS_PID=$!
  set +m
  while kill -0 "$CHAOS_PID" 2>/dev/null; do wait "$CHAOS_PID" && status=0 || status=$?; done
  return "$status"
}

# The program ends what it has started. What is left after that, as it was killed, ends here.
chaos_down() {
  local status=$?
  begin_teardown
  if [[ -n $CHAOS_PID ]]; then
    local end=$((SECONDS + 60))
    kill -TERM "$CHAOS_PID" 2>/dev/null || true
    while kill -0 "$CHAOS_PID" 2>/dev/null && ((SECONDS < end)); do sleep 0.1; done
    kill -KILL -- "-$CHAOS_PID" 2>/dev/null || true
  fi
  if [[ -d $DEV_STATE/chaos ]]; then "$DEV_ROOT/dev" stack down --name chaos >/dev/null 2>&1 7>&- || true; fi
  end_teardown
  return "$status"
}
