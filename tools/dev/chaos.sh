# shellcheck shell=bash
# ./dev chaos: the real system on three brokers, with faults, and what became of its messages.

chaos_help() {
  cat <<'HELP'
usage: ./dev chaos [--seed S] [--minutes M] [--relays N] [--source S] [--exactly-once]
                   [--json FILE] [OPTION...]

  --seed S         of the faults and the load; one of chance unless told, and printed
  --minutes M      how long faults come (8 unless told); starting and draining come on top
  --relays N       processes of the relay (3 unless told)
  --source S       what they read: table (unless told) or wal
  --exactly-once   they send in Kafka's transactions: no duplicate is allowed
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
  if wants_help "$@"; then
    chaos_help
    return 0
  fi
  alone chaos
  mongo_check
  deps_for_stack
  build_preset dev chaos
  trap chaos_down EXIT
  trap 'exit 130' INT TERM HUP
  in_group build/dev/bin/chaos "$@"
}

# The program ends what it has started. What is left after that, as it was killed, ends here.
chaos_down() {
  local status=$?
  begin_teardown
  end_group 60
  if [[ -d $DEV_STATE/chaos ]]; then "$DEV_ROOT/dev" stack down --name chaos >/dev/null 2>&1 7>&- || true; fi
  end_teardown
  return "$status"
}
