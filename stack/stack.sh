# shellcheck shell=bash
# The real servers that development and tests run on: ./dev stack.
# One stack is a folder .stack/NAME: data and state of each service, and logs/, which stays.

# shellcheck source=stack/lib.sh
source "$DEV_ROOT/stack/lib.sh"
# shellcheck source=stack/postgres.sh
source "$DEV_ROOT/stack/postgres.sh"
# shellcheck source=stack/kafka.sh
source "$DEV_ROOT/stack/kafka.sh"
# shellcheck source=stack/mongo.sh
source "$DEV_ROOT/stack/mongo.sh"

STACK_SERVICES=(postgres kafka mongo)
declare -A STACK_JOB=() # the subshells that start services now, by service
# What 'up' was told of new brokers: their number, HOST:PORT,... to advertise, a folder by number.
STACK_BROKERS=1
STACK_ADVERTISE=''
declare -a STACK_BROKER_DIR=()

stack_help() {
  cat <<'HELP'
usage: ./dev stack COMMAND [--name NAME]

  up [--only postgres,kafka,mongo] [--brokers N] [--advertise HOST:PORT,...] [--broker-dir N=DIR]...
                  start what does not run yet, wait until it answers, print the environment
  down [--keep-data]
                  stop it and remove its data; the logs stay in .stack/NAME/logs
  status          what runs, where, and where its log is
  env             print the environment again: eval "$(./dev stack env)"
  kill SERVICE    end a service as a crash would (SIGKILL, all its processes)
  start SERVICE   start it again, on the same port and the same data
                  Both also take one broker of several: kafka-2.

--advertise is for proxies before the brokers, one for each: clients that come by
OUTBOX_TEST_KAFKA_PROXIED, where the proxies forward to, are led to the addresses given here.
--broker-dir puts the messages of broker N into an empty folder, a small file system for one, which
'down' leaves as it is.

The name is "dev" unless told; stacks of different names run side by side. A server named by
OUTBOX_TEST_POSTGRES, OUTBOX_TEST_KAFKA or OUTBOX_TEST_MONGO is used as it is: it is neither
started nor stopped. Its URL must say all, as PGPASSWORD and the like are ignored. The demo's
stack is always its own.
HELP
}

# stack_select NAME: the stack that the functions below work on.
stack_select() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$ ]] ||
    die "'$1' is no name for a stack" "Use up to 41 letters, digits, '.', '_' and '-'."
  STACK_NAME=$1
  STACK_DIR=$DEV_STATE/$1
}

# One command at a time works on a stack. Servers do not inherit the lock (see spawn).
stack_lock() {
  mkdir -p "$STACK_DIR/logs"
  exec 8>>"$STACK_DIR/lock"
  flock -w 300 8 || stack_busy "$STACK_DIR/lock"
  echo $$ >"$STACK_DIR/lock"
}

# stack_lock_one SERVICE|BROKER: for a command that works on this one alone. Such commands go side by
# side, so that the start of a slow server keeps no other one down.
stack_lock_one() {
  mkdir -p "$STACK_DIR/logs"
  exec 8>>"$STACK_DIR/lock" 9>>"$STACK_DIR/lock-$1"
  flock -s -w 300 8 || stack_busy "$STACK_DIR/lock"
  flock -w 300 9 || stack_busy "$STACK_DIR/lock-$1"
  echo $$ >"$STACK_DIR/lock-$1"
}

stack_busy() {
  die "another ./dev works on the stack '$STACK_NAME' since 5 minutes" "See what it is: ps -fp $(<"$1")"
}

# The services that the stack has, whether they run just now or not.
stack_services() {
  local service
  for service in "${STACK_SERVICES[@]}"; do
    if [[ -f $STACK_DIR/$service/ready ]] || service_is_external "$service"; then echo "$service"; fi
  done
}

stack_service_known() {
  [[ " ${STACK_SERVICES[*]} " == *" $1 "* ]] ||
    die "no service is called '$1'" "There are: ${STACK_SERVICES[*]}"
}

# stack_up_service SERVICE [same-port]
stack_up_service() {
  local service=$1 variable
  variable=$("${service}_variable")
  if [[ -f $STACK_DIR/$service/ready ]] && service_runs "$service" && "${service}_answers" >/dev/null 2>&1; then
    say "    $service runs already at $("${service}_address")"
  elif [[ -n ${!variable:-} && ! -f $STACK_DIR/$service/ready ]]; then
    "${service}_answers_at" "${!variable}" >/dev/null ||
      die "the server that $variable names does not answer" "Start it, or unset $variable and let the stack start its own."
    (umask 077 && printf '%s' "${!variable}" >"$STACK_DIR/$service.external")
    say "    $service: the one that $variable names"
  else
    rm -f "$STACK_DIR/$service.external"
    "${service}_prepare"
    "${service}_stop" KILL
    begin_service "$service" "${2:-}"
    : >"$STACK_DIR/$service/ready"
  fi
}

# stack_up SERVICE...: starts them side by side. When a signal ends it half-way, what it has begun is
# taken down, and nothing that was there before.
stack_up() {
  local service failed=''
  local -A begun=()
  step "Starting the stack '$STACK_NAME': $*" "usually 5 to 10 s"
  for service in "$@"; do
    stack_service_known "$service"
    # What is downloaded or built first is shown one after the other.
    if [[ -z $(stack_given "$service") ]]; then "${service}_fetch"; fi
    [[ -f $STACK_DIR/$service/ready ]] || begun[$service]=1
  done
  trap stack_tell_jobs INT TERM HUP
  set -m # a process group each: Ctrl-C reaches only this shell, which tells them
  for service in "$@"; do
    (
      trap 'STACK_TOLD_TO_STOP=1' TERM
      stop_if_told
      stack_up_service "$service"
    ) &
    STACK_JOB[$service]=$!
  done
  set +m
  for service in "$@"; do
    # A signal ends 'wait' early, so ask until the job has ended.
    while kill -0 "${STACK_JOB[$service]}" 2>/dev/null; do wait "${STACK_JOB[$service]}" || true; done
    wait "${STACK_JOB[$service]}" || failed+=" $service"
  done
  begin_teardown
  if [[ -n $STACK_TOLD_TO_STOP ]]; then
    for service in "${!begun[@]}"; do
      "${service}_stop" KILL
      stack_forget "$service"
    done
    say "interrupted: what this command had begun in the stack '$STACK_NAME' is stopped"
    exit 130
  fi
  end_teardown
  [[ -z $failed ]] || die "the stack '$STACK_NAME' is not whole: no$failed" "Logs: $STACK_DIR/logs"
}

stack_tell_jobs() {
  [[ -n $STACK_TOLD_TO_STOP ]] || say "stopping what this command has begun"
  STACK_TOLD_TO_STOP=1 # a job that is forked only now has it from the start
  kill -TERM "${STACK_JOB[@]}" 2>/dev/null || true
}

# What the environment names, unless this stack runs that service itself.
stack_given() {
  local variable
  variable=$("${1}_variable")
  if [[ ! -f $STACK_DIR/$1/ready ]]; then printf '%s' "${!variable:-}"; fi
}

# stack_down [keep]
stack_down() {
  local service mode=KILL
  [[ ${1:-} != keep ]] || mode=TERM
  for service in "${STACK_SERVICES[@]}"; do # also what an 'up' that was killed left half-made
    rm -f "$STACK_DIR/$service.external"
    "${service}_stop" "$mode"
    [[ $mode == TERM ]] || stack_forget "$service"
  done
  rm -f "$STACK_DIR/of-a-test-run"
}

stack_forget() {
  local process
  for process in $("${1}_processes"); do rm -f "$STACK_DIR/$process.pid" "$STACK_DIR/$process.port"; done
  "${1}_remove"
}

stack_env() {
  local service url
  [[ -n $(stack_services) ]] || die "there is no stack '$STACK_NAME'" "Start it: ./dev stack up --name $STACK_NAME"
  for service in $(stack_services); do
    url=$(stack_url "$service")
    [[ -z $url ]] || printf "export %s='%s'\n" "$("${service}_variable")" "${url//\'/\'\\\'\'}"
  done
  url=$(kafka_proxied)
  [[ -z $url ]] || printf "export OUTBOX_TEST_KAFKA_PROXIED='%s'\n" "$url"
  printf "export OUTBOX_TEST_STACK='%s'\n" "$STACK_NAME"
}

stack_url() {
  if service_is_external "$1"; then
    cat "$STACK_DIR/$1.external"
  elif [[ -f $STACK_DIR/$1/ready ]]; then
    "${1}_url"
  fi
}

# stack_status: one line a process; fails unless everything answers.
stack_status() {
  local service process pid state shown well=0
  [[ -n $(stack_services) ]] || { printf '%-10s no such stack\n' "$STACK_NAME"; return 1; }
  for service in $(stack_services); do
    if service_is_external "$service"; then
      printf '%-10s %-10s %s\n' "$STACK_NAME" "$service" "named by $("${service}_variable"), not ours"
      continue
    fi
    state=answers
    "${service}_answers" >/dev/null 2>&1 || state='does not answer'
    shown=$state
    for process in $("${service}_processes"); do
      if pid=$(live_pid "$process"); then
        printf '%-10s %-10s %-16s 127.0.0.1:%-6s pid %-8s %s\n' "$STACK_NAME" "$process" "$shown" \
          "$(<"$STACK_DIR/$process.port")" "$pid" "$STACK_DIR/logs/$process.log"
      else
        state='does not run'
        printf '%-10s %-10s %-16s %s\n' "$STACK_NAME" "$process" "$state" "$STACK_DIR/logs/$process.log"
      fi
    done
    [[ $state == answers ]] || well=1
  done
  return $well
}

# stack_own_service SERVICE|BROKER: fails unless it is this stack's.
stack_own_service() {
  [[ -n ${1:-} ]] || die "which service?" "One of: ${STACK_SERVICES[*]}"
  local service=${1/#kafka-*/kafka}
  stack_service_known "$service"
  if service_is_external "$service"; then
    die "$service is not this stack's: $("${service}_variable") named it" "Kill or start it where it was started."
  fi
  [[ -f $STACK_DIR/$service/ready ]] ||
    die "the stack '$STACK_NAME' has no $service" "Start it: ./dev stack up --name $STACK_NAME"
  [[ $1 != kafka-* || " $(kafka_processes | tr '\n' ' ')" == *" $1 "* ]] ||
    die "the stack '$STACK_NAME' has no $1" "There are: $(kafka_processes | tr '\n' ' ')"
}

stack_main() {
  local command=${1:-help} name=dev only='' brokers='' keep=''
  local -a rest=()
  shift || true
  while (($#)); do
    case $1 in
      --name) name=${2:?--name needs a name}; shift ;;
      --only) only=${2:?--only needs services, with commas between}; shift ;;
      --brokers) brokers=${2:?--brokers needs a number}; shift ;;
      --advertise) STACK_ADVERTISE=${2:?--advertise needs HOST:PORT,...}; shift ;;
      --broker-dir) stack_broker_dir "${2:-}"; shift ;;
      --keep-data) keep=keep ;;
      -h | --help) command=help ;;
      -*) die "unknown option $1" "See ./dev stack help" ;;
      *) rest+=("$1") ;;
    esac
    shift
  done
  stack_select "$name"
  case $command in
    up) stack_command_up "$only" "$brokers" ;;
    down)
      [[ -d $STACK_DIR ]] || { say "there is no stack '$name'"; return 0; }
      stack_lock
      stack_down "$keep"
      say "stack '$name' is down; its logs: $STACK_DIR/logs"
      ;;
    status) stack_command_status ;;
    env) stack_env ;;
    kill)
      stack_own_service "${rest[0]:-}"
      stack_lock_one "${rest[0]}"
      case ${rest[0]} in
        kafka-*) signal_and_wait "${rest[0]}" KILL 5 ;;
        *) "${rest[0]}_kill" ;;
      esac
      say "$name: ${rest[0]} is killed"
      ;;
    start)
      stack_own_service "${rest[0]:-}"
      stack_lock_one "${rest[0]}"
      case ${rest[0]} in
        kafka-*) kafka_start_broker "${rest[0]}" ;;
        *) stack_up_service "${rest[0]}" same-port ;;
      esac
      ;;
    help) stack_help ;;
    *) die "unknown command: stack $command" "See ./dev stack help" ;;
  esac
}

# stack_broker_dir N=DIR
stack_broker_dir() {
  [[ $1 =~ ^([1-5])=(.+)$ ]] || die "--broker-dir takes N=DIR, not '$1'"
  STACK_BROKER_DIR[BASH_REMATCH[1]]=${BASH_REMATCH[2]}
}

stack_command_up() {
  local only=${1//,/ } running
  [[ -z $2 || $2 =~ ^[1-5]$ ]] || die "--brokers takes a number from 1 to 5, not '$2'"
  stack_lock
  running=$(cat "$STACK_DIR/kafka/brokers" 2>/dev/null || true)
  if [[ -n $2 && -n $running && $2 != "$running" ]]; then
    die "the stack '$STACK_NAME' has $running broker(s), not $2" "Take it down first: ./dev stack down --name $STACK_NAME"
  fi
  STACK_BROKERS=${2:-${running:-1}}
  kafka_check_options
  local -a services
  read -r -a services <<<"${only:-${STACK_SERVICES[*]}}"
  # A test may start a stack of its own; when the run is cut short, ./dev test takes that down too.
  if [[ -n ${DEV_TEST_RUN:-} ]]; then : >"$STACK_DIR/of-a-test-run"; fi
  stack_up "${services[@]}"
  stack_env
}

stack_command_status() {
  local folder well=0
  if [[ $STACK_NAME != dev || -d $STACK_DIR ]]; then stack_status || return 1; return 0; fi
  for folder in "$DEV_STATE"/*/; do
    stack_select "$(basename "$folder")"
    [[ -z $(stack_services) ]] || stack_status || well=1
  done
  return $well
}
