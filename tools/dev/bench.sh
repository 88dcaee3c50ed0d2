# shellcheck shell=bash
# ./dev bench: the relay, the limits of the machine and the peers, measured in one run.

BENCH_TARGETS=(outbox-processor outboxctl outbox-bench)

bench_help() {
  cat <<'HELP'
usage: ./dev bench [--quick] [--json FILE] [--gate] [--only GROUPS] [--repeats N]

  --quick        fewer rows and repeats: at most 10 minutes, else at most 60
  --json FILE    writes the result there as well
  --gate         exit status 1 when a ratio misses its target
  --only A,B     some groups alone: drain limits
  --repeats N    of each cell (5, with --quick 3)

It starts servers of its own and stops them. The result, the table and the plots are in build/bench.
Exit status: 0 measured, 1 with --gate a target was missed, 2 something could not be measured.
HELP
}

bench_main() {
  local argument status=0 environment
  for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
      bench_help
      return 0
    fi
  done
  mkdir -p "$DEV_STATE"
  exec 7>>"$DEV_STATE/bench.lock"
  flock -n 7 || die "another ./dev bench runs in this checkout" "Wait until it ends: ps -fp $(<"$DEV_STATE/bench.lock")"
  echo $$ >"$DEV_STATE/bench.lock"
  unset OUTBOX_TEST_POSTGRES OUTBOX_TEST_KAFKA OUTBOX_TEST_MONGO
  deps_for_stack
  build_preset release "${BENCH_TARGETS[@]}"
  BENCH_PID=''
  trap bench_down EXIT
  trap 'exit 130' INT TERM HUP
  "$DEV_ROOT/dev" stack down --name bench >/dev/null 2>&1 7>&- || true # what a killed run left
  environment=$("$DEV_ROOT/dev" stack up --name bench --only postgres,kafka 7>&-) || exit 1
  eval "$environment"
  BENCH_KAFKA_JARS=$(kafka_jars)
  export BENCH_KAFKA_JARS
  # A process group of its own, so that what it started can be ended as a whole.
  set -m
  python -B "$DEV_ROOT/bench/run.py" "$@" 7>&- &
  BENCH_PID=$!
  set +m
  while kill -0 "$BENCH_PID" 2>/dev/null; do wait "$BENCH_PID" && status=0 || status=$?; done
  return "$status"
}

bench_down() {
  local status=$?
  begin_teardown
  if [[ -n $BENCH_PID ]]; then kill -KILL -- "-$BENCH_PID" 2>/dev/null || true; fi
  "$DEV_ROOT/dev" stack down --name bench >/dev/null 2>&1 7>&- || true
  end_teardown
  return "$status"
}
