# shellcheck shell=bash
# ./dev build, and ./dev test and sanitize, which build first.

BUILD_PRESETS='dev release mutants asan tsan fuzz'
TEST_LABELS='unit integration conformance e2e browser soak scale security'
SANITIZE_LABELS='unit integration conformance'

# build_preset PRESET [TARGET...]: ninja's own progress goes to standard error.
build_preset() {
  local preset=$1
  [[ " $BUILD_PRESETS " == *" $preset "* ]] || die "there is no preset '$preset'" "There are: $BUILD_PRESETS"
  deps_for_build
  web_main
  # Another checkout of the project finds this one's compilations in ccache.
  export CCACHE_BASEDIR=$DEV_ROOT CCACHE_NOHASHDIR=1
  if [[ ! -f build/$preset/build.ninja ]]; then
    step "Configuring build/$preset" "a few seconds"
    run_logged "build/$preset/configure.log" "Read what CMake misses there; ./dev installs what Debian has." \
      cmake --preset "$preset" || exit 1
  fi
  step "Building build/$preset" "several minutes the first time, seconds later"
  build_run "build/$preset" "${@:2}" ||
    die "the build of build/$preset failed" "The first error is above; to see it again: ninja -C build/$preset"
}

# build_run FOLDER [TARGET...]. Ninja overwrites its line of progress on a terminal; elsewhere, a line
# every 15 s is enough.
build_run() {
  if [[ -t 2 ]]; then
    cmake --build "$1" --parallel "$(nproc)" ${2:+--target "${@:2}"} >&2
  else
    cmake --build "$1" --parallel "$(nproc)" ${2:+--target "${@:2}"} 2>&1 | build_sparse
  fi
}

build_sparse() {
  local line shown=$SECONDS
  while IFS= read -r line; do
    if [[ $line =~ ^\[[0-9]+/[0-9]+\] ]]; then
      ((SECONDS - shown >= 15)) || continue
      shown=$SECONDS
    fi
    printf '%s\n' "$line" >&2
  done
}

# test_main [LABEL...] [-- CTEST ARGUMENTS]
test_main() {
  local -a labels=() arguments=()
  while (($#)) && [[ $1 != -- ]]; do
    [[ " $TEST_LABELS " == *" $1 "* ]] || die "there are no tests called '$1'" "There are: $TEST_LABELS"
    labels+=("$1")
    shift
  done
  if (($#)); then
    shift
    arguments=("$@")
  fi
  test_lock
  test_deps "${labels[*]}"
  build_preset dev
  test_run dev test "${labels[*]}" "${arguments[@]}"
}

# sim_main [--seeds N] [--first SEED]: in the release build, as it is a matter of speed alone.
sim_main() {
  deps_for_build
  build_preset release simulate
  step "Simulating the relay under faults" "one to four minutes for 10000 seeds"
  build/release/bin/simulate "$@"
}

# sanitize_main asan|tsan [-- CTEST ARGUMENTS]
sanitize_main() {
  local preset=${1:-}
  [[ $preset == asan || $preset == tsan ]] || die "which sanitizer?" "./dev sanitize asan|tsan"
  shift
  [[ ${1:-} != -- ]] || shift
  test_lock
  test_deps "$SANITIZE_LABELS"
  build_preset "$preset"
  local folder=$DEV_ROOT/tools/sanitizers
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export LSAN_OPTIONS=suppressions=$folder/lsan.supp:print_suppressions=0
  export TSAN_OPTIONS=suppressions=$folder/tsan.supp:second_deadlock_stack=1:halt_on_error=0:exitcode=66
  test_run "$preset" "$preset" "$SANITIZE_LABELS" "$@"
}

# The servers of the tests have one name, so one run at a time in a checkout.
test_lock() {
  mkdir -p "$DEV_STATE"
  exec 7>>"$DEV_STATE/test.lock"
  flock -n 7 || die "another ./dev test or sanitize runs in this checkout" "Wait until it ends: ps -fp $(<"$DEV_STATE/test.lock")"
  echo $$ >"$DEV_STATE/test.lock"
}

# test_needs_servers LABELS
test_needs_servers() { [[ $1 != unit && $1 != soak && $1 != 'unit soak' && $1 != 'soak unit' ]]; }

# test_deps LABELS: what the servers need, before a build of minutes.
test_deps() {
  test_needs_servers "$1" || return 0
  mongo_check
  deps_for_stack
  # Without labels, all but soak.
  if [[ -z $1 || " $1 " == *' browser '* ]]; then browser_deps; fi
}

# test_run PRESET STACK LABELS CTEST_ARGUMENTS...: starts fresh servers, runs the tests, stops the
# servers, prints the totals as the last line. A test that was skipped or not run fails the run.
test_run() {
  local preset=$1 stack=$2 wanted=$3 status=0 report
  shift 3
  report=$DEV_ROOT/build/$preset/tests.xml
  local -a select=() run=()
  # What takes minutes, to find what is rare or to fill a large table, runs only when it is asked for.
  select=(-LE '^(soak|scale)$')
  if [[ -n $wanted ]]; then select=(-L "^(${wanted// /|})\$"); fi
  # Its plans and times are to be read, not only held to their limits.
  if [[ " $wanted " == *' scale '* ]]; then select+=(--verbose); fi
  # The thread sanitizer of GCC 12 cannot place its shadow where the kernel randomizes addresses widely.
  if [[ $preset == tsan ]]; then run=(setarch "$(uname -m)" -R); fi
  if test_needs_servers "$wanted"; then test_stack "$stack"; fi
  step "Running the tests${wanted:+: $wanted}" "the slowest are marked by ctest"
  rm -f "$report"
  export DEV_SECURITY_COUNTS=$DEV_ROOT/build/$preset/security-checks
  : >"$DEV_SECURITY_COUNTS"
  "${run[@]}" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel 2 \
    --output-junit "$report" "${select[@]}" "$@" 7>&- 8>&- || status=$?
  if test_needs_servers "$wanted"; then test_stacks_down; fi
  test_security_counts
  python "$DEV_ROOT/tools/test_totals" "$report" || status=1
  return "$status"
}

# test_security_counts: what the tests of security looked at; nothing when they did not run.
test_security_counts() {
  [[ -s $DEV_SECURITY_COUNTS ]] || return 0
  awk -F '\t' '
    { printf "%6d  %s%s\n", $1, $3, $2 ? " (" $2 " FAILED)" : ""; made += $1; failed += $2 }
    END { printf "%6d  security checks, %d failures\n", made, failed }' "$DEV_SECURITY_COUNTS"
}

# screenshots_main: README's pictures of the dashboard, from programs that run.
screenshots_main() {
  test_lock
  test_deps browser
  build_preset dev
  test_stack screenshots
  step "Taking README's pictures into docs/images" "about a minute"
  tests/browser/run.sh --project=tour 7>&- 8>&-
}

test_stack() {
  local environment
  export DEV_TEST_RUN=1
  test_stacks_down # what an earlier run left
  trap test_stacks_down EXIT
  trap 'exit 130' INT TERM HUP
  environment=$("$DEV_ROOT/dev" stack up --name "$1") || exit 1
  eval "$environment"
}

# The servers of this run, and those that its tests began and could not stop.
test_stacks_down() {
  begin_teardown
  local mark
  for mark in "$DEV_STATE"/*/of-a-test-run; do
    [[ -f $mark ]] || continue
    say "stopping the servers of the tests: $(basename "$(dirname "$mark")")"
    "$DEV_ROOT/dev" stack down --name "$(basename "$(dirname "$mark")")" >/dev/null || true
  done
  end_teardown
}
