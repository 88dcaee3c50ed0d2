# shellcheck shell=bash
# What every part of ./dev uses: paths, messages, running a long command with progress.
# Messages for people go to standard error; standard output is for what a command produces.

DEV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# shellcheck disable=SC2034 # used by the other parts
DEV_STATE=$DEV_ROOT/.stack
# shellcheck disable=SC2034
DEV_CACHE=${XDG_CACHE_HOME:-${HOME:?set HOME}/.cache}/outbox

# A message that cannot be shown, as the terminal has gone, ends nothing: a tear-down least of all.
say() { printf '%s\n' "$*" >&2 || true; }
warn() { printf 'warning: %s\n' "$*" >&2 || true; }

# die MESSAGE [REMEDY]
die() {
  printf 'error: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf '       %s\n' "$2" >&2
  exit 1
}

# step WHAT [HOW_LONG]: the line that leads a long step.
step() { printf '==> %s%s\n' "$1" "${2:+ ($2)}" >&2 || true; }

# Settings that are exported for a database and a broker of one's own would win over the servers that
# tests and the demo name: a throwaway relay would empty the real outbox. PGHOSTADDR and the like lead
# every client of libpq elsewhere. What names servers for the tests stays, and a planted fault, which only
# a build for that knows.
forget_settings() {
  local name
  for name in "${!OUTBOX_@}" "${!PG@}" DATABASE_URL DB_DSN MONGO_URI KAFKA_BROKERS ORDERS_URL; do
    [[ $name == OUTBOX_TEST_* || $name == OUTBOX_MUTANT ]] || unset "$name"
  done
}

# begin_teardown: from here to end_teardown no Ctrl-C leaves half of it running. Its waits are bounded.
begin_teardown() {
  trap - EXIT
  trap '' INT TERM HUP PIPE
}
end_teardown() { trap - INT TERM HUP PIPE; }

# wants_help ARGUMENTS...: whether -h or --help is among them.
wants_help() {
  local argument
  for argument in "$@"; do
    [[ $argument != -h && $argument != --help ]] || return 0
  done
  return 1
}

# alone COMMAND: from here on the only ./dev COMMAND of this checkout (descriptor 7 holds the lock), on
# servers of its own.
alone() {
  mkdir -p "$DEV_STATE"
  exec 7>>"$DEV_STATE/$1.lock"
  flock -n 7 || die "another ./dev $1 runs in this checkout" "Wait until it ends: ps -fp $(<"$DEV_STATE/$1.lock")"
  echo $$ >"$DEV_STATE/$1.lock"
  unset OUTBOX_TEST_POSTGRES OUTBOX_TEST_KAFKA OUTBOX_TEST_MONGO
}

# in_group COMMAND...: runs it in a process group of its own and returns its status. So Ctrl-C reaches only
# this shell, and what the command started can be ended as a whole: end_group, which a trap on EXIT calls.
GROUP_PID=''
in_group() {
  local status=0
  set -m
  "$@" 7>&- &
  GROUP_PID=$!
  set +m
  while kill -0 "$GROUP_PID" 2>/dev/null; do wait "$GROUP_PID" && status=0 || status=$?; done
  return "$status"
}

# end_group [SECONDS]: ends what in_group has started; with SECONDS it is asked first, and given them.
end_group() {
  [[ -n $GROUP_PID ]] || return 0
  if [[ -n ${1:-} ]]; then
    local end=$((SECONDS + $1))
    kill -TERM "$GROUP_PID" 2>/dev/null || true
    while kill -0 "$GROUP_PID" 2>/dev/null && ((SECONDS < end)); do sleep 0.1; done
  fi
  kill -KILL -- "-$GROUP_PID" 2>/dev/null || true
}

# The interpreter of Debian's python3 where there is one: version managers put slow or foreign ones
# first on PATH.
python() {
  if [[ -x /usr/bin/python3 ]]; then /usr/bin/python3 "$@"; else python3 "$@"; fi
}

# now_ms: monotonic enough for messages and time limits of seconds.
now_ms() { local t=${EPOCHREALTIME/[.,]/}; printf '%s' "${t%???}"; }

# run_logged LOG REMEDY COMMAND...: runs it with its output in LOG and shows that it goes on. When it
# fails, prints the end of the log, where the log is, and the remedy.
run_logged() (
  log=$1 remedy=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  started=$SECONDS status=0 every=15 shown=0
  "$@" >"$log" 2>&1 </dev/null 7>&- 8>&- 9>&- &
  pid=$!
  # bash starts it with SIGINT ignored, so Ctrl-C must be passed on as another signal.
  trap 'kill -TERM "$pid" 2>/dev/null; exit 130' INT TERM HUP
  [[ ! -t 2 ]] || every=1
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    elapsed=$((SECONDS - started))
    if ((elapsed >= 2 && elapsed - shown >= every)); then
      shown=$elapsed
      if [[ -t 2 ]]; then
        printf '\r\033[K    %3d s  %.60s' "$elapsed" "$(tail -n 1 "$log" | tr -d '\r\033')" >&2
      else
        say "    still at it, $elapsed s"
        every=$((every < 120 ? every * 2 : every))
      fi
    fi
  done
  wait "$pid" || status=$?
  if [[ -t 2 ]] && ((shown > 0)); then printf '\r\033[K' >&2; fi
  if ((status != 0)); then
    tail -n 20 "$log" | sed 's/^/    | /' >&2
    say "error: '$1' failed with status $status; its whole output: $log"
    say "       $remedy"
    exit 1
  fi
)
