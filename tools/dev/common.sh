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
