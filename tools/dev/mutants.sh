# shellcheck shell=bash
# ./dev mutants: faults planted in our own code (src/mutants/mutant.hpp), each of which the simulation
# or the tests on a real server must find, by the promise that it breaks.

# Found by the simulation: the core's, and what decides about leases.
MUTANTS_OF_SIMULATION=(
  burns_attempts_on_destination_fault commits_before_prepare delayed_sent_early held_range_dropped
  held_topic_goes_on late_callback lost_lease_sends_on mark_before_ack no_handover_drain parked_key_goes_on
  position_past_failure retry_overtakes skip_before_stored takeover_too_early wake_forgotten wall_clock_lease
)
# Found on PostgreSQL, by the tests of the reader: what its statements hold.
MUTANTS_OF_READER=(epoch_not_raised id_cursor no_fencing receipts_without_fence settle_async_exceptions
  xmin_cursor)
MUTANTS_SEEDS=3000
MUTANTS_READER_TESTS='FenceTest.*:DetachedTest.*:*ReaderTest.*'

# mutants_main [NAME...]: all of them unless some are named.
mutants_main() {
  local -a all=("${MUTANTS_OF_SIMULATION[@]}" "${MUTANTS_OF_READER[@]}") wanted=("$@")
  ((${#wanted[@]} > 0)) || wanted=("${all[@]}")
  local name
  for name in "${wanted[@]}"; do
    [[ " ${all[*]} " == *" $name "* ]] || die "there is no mutant '$name'" "There are: ${all[*]}"
  done
  deps_for_build
  build_preset release simulate
  build_preset mutants simulate reader_test
  if mutants_need_server "${wanted[@]}"; then
    test_lock
    test_deps integration
    test_stack mutants
  fi
  mutants_table "${wanted[@]}"
}

mutants_need_server() {
  local name
  for name in "$@"; do
    if mutants_of_reader "$name"; then return 0; fi
  done
  return 1
}

mutants_of_reader() { [[ " ${MUTANTS_OF_READER[*]} " == *" $1 "* ]]; }

# One line a mutant: name, caught by, where to see it again, what it broke, the same without it.
mutants_table() {
  local name line escaped=0 caught=0
  printf '%-36s %-24s %-12s %-8s %s\n' MUTANT 'CAUGHT BY' SEED CLEAN 'BROKEN PROMISE'
  for name in "$@"; do
    if mutants_of_reader "$name"; then
      line=$(mutants_on_server "$name") || line=
    else
      line=$(mutants_in_simulation "$name") || line=
    fi
    if [[ -n $line ]]; then
      printf '%-36s %s\n' "$name" "$line"
      caught=$((caught + 1))
    else
      printf '%-36s %s\n' "$name" 'NOT CAUGHT, or the build without it fails'
      escaped=$((escaped + 1))
    fi
  done
  printf 'mutants %d, caught %d\n' $# "$caught"
  ((escaped == 0))
}

# Prints the rest of the line; fails when nothing was found or the clean build has the same fault.
mutants_in_simulation() {
  local output found seed promise
  output=$(OUTBOX_MUTANT=$1 timeout 300 build/mutants/bin/simulate --seeds "$MUTANTS_SEEDS" --fail-fast) && return 1
  found=$(grep -m 1 '^seed [0-9]*: ' <<<"$output") || return 1
  found=${found#seed }
  seed=${found%%:*} promise=${found#*: } promise=${promise#broken promise: }
  build/release/bin/simulate --first "$seed" --seeds 1 >/dev/null || return 1
  printf '%-24s %-12s %-8s %s' simulation "$seed" passes "$promise"
}

mutants_on_server() {
  local program=build/mutants/tests/reader/reader_test output test
  output=$(OUTBOX_MUTANT=$1 timeout 300 "$program" --gtest_filter="$MUTANTS_READER_TESTS" --gtest_brief=1 2>&1) && return 1
  [[ $output =~ \[\ \ FAILED\ \ \]\ ([A-Za-z0-9_/]+\.[A-Za-z0-9_/]+) ]] || return 1
  test=${BASH_REMATCH[1]}
  timeout 300 "$program" --gtest_filter="$test" --gtest_brief=1 >/dev/null 2>&1 || return 1
  printf '%-24s %-12s %-8s %s' 'reader_test, PostgreSQL' - passes "$test"
}
