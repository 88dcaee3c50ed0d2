# shellcheck shell=bash
# Processes, ports and waiting, for the services of the stack (postgres.sh, kafka.sh, mongo.sh).
# State of one process P of a stack: $STACK_DIR/P.pid ("pid starttime"), $STACK_DIR/P.port and
# $STACK_DIR/logs/P.log.

# proc_start_time PID: when the process began, in clock ticks after boot; fails for a zombie and for
# a pid that nobody has. With the pid it names a process for ever, as pids are used again. A killed
# process whose first thread is gone lives until the last one is: so long it keeps its ports.
proc_start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # the name before it may hold spaces
  local -a field
  read -r -a field <<<"$stat"
  [[ ${field[0]} != [ZX] ]] || ((field[17] > 1)) || return 1
  printf '%s' "${field[19]}"
}

# live_pid P: prints the pid of P, fails if it does not run.
live_pid() {
  local pid start
  read -r pid start 2>/dev/null <"$STACK_DIR/$1.pid" || return 1
  [[ $(proc_start_time "$pid") == "$start" ]] || return 1
  printf '%s' "$pid"
}

# spawn P COMMAND...: starts it in a session of its own, so that Ctrl-C at the terminal reaches only
# ./dev, which then stops it in order. It inherits no terminal and no lock (fds 7, 8 and 9).
spawn() {
  local name=$1
  shift
  setsid "$@" >>"$STACK_DIR/logs/$name.log" 2>&1 </dev/null 7>&- 8>&- 9>&- &
  local pid=$!
  disown "$pid"
  printf '%s %s\n' "$pid" "$(proc_start_time "$pid" || printf 0)" >"$STACK_DIR/$name.pid"
}

# new_log P: an empty log; the one before it is kept as P.log.old.
new_log() {
  local log=$STACK_DIR/logs/$1.log
  if [[ -s $log ]]; then mv "$log" "$log.old"; fi
  : >"$log"
}

# signal_and_wait P SIGNAL SECONDS: SIGNAL to P, and SIGKILL to its session if it outlives SECONDS.
# Gives up, with a warning, on what the kernel does not end within as many seconds again.
signal_and_wait() {
  local pid killed=''
  pid=$(live_pid "$1") || return 0
  kill "-$2" "$pid" 2>/dev/null || true
  local end=$((SECONDS + $3))
  while live_pid "$1" >/dev/null; do
    if ((SECONDS >= end)); then
      if [[ -n $killed ]]; then
        warn "$1 (pid $pid) did not end $3 s after SIGKILL: is its disk stuck?"
        return 0
      fi
      killed=1
      warn "$1 (pid $pid) did not stop within $3 s: killed"
      kill -KILL -- "-$pid" 2>/dev/null || true
      end=$((SECONDS + $3))
    fi
    sleep 0.05
  done
}

# wait_until SECONDS PROCESSES COMMAND...: until COMMAND succeeds. Returns 2 at once when one of the
# processes, words of one argument, has ended, 1 when the time is over.
wait_until() {
  local end=$((SECONDS + $1)) processes=$2 process
  shift 2
  until "$@" >/dev/null 2>&1; do
    stop_if_told
    for process in $processes; do
      live_pid "$process" >/dev/null || return 2
    done
    if ((SECONDS >= end)); then return 1; fi
    sleep 0.1
  done
}

# A service that is being started is stopped here, where what is begun is also written down, and not
# by a signal at any moment (see stack_up).
STACK_TOLD_TO_STOP=''
stop_if_told() { [[ -z $STACK_TOLD_TO_STOP ]] || exit 143; }

# service_is_external SERVICE: whether the environment named that server, so that it is not ours.
service_is_external() { [[ -f $STACK_DIR/$1.external ]]; }

service_runs() {
  local process
  for process in $("${1}_processes"); do
    live_pid "$process" >/dev/null || return 1
  done
}

# begin_service SERVICE: starts its processes on ports that are free now, and again on others if
# somebody else takes one in between; waits until it answers.
begin_service() {
  local service=$1 attempt process started status
  stop_if_told
  started=$(now_ms)
  for attempt in 1 2 3 4 5; do
    for process in $("${service}_processes"); do
      new_log "$process"
      [[ -f $STACK_DIR/$process.port ]] ||
        python "$DEV_ROOT/stack/probe.py" port >"$STACK_DIR/$process.port" ||
        die "no free port for $process"
    done
    "${service}_spawn"
    status=0
    wait_until 120 "$("${service}_processes")" "${service}_answers" || status=$?
    if ((status == 0)); then
      say "    $service answers at $("${service}_address") after $(($(now_ms) - started)) ms"
      return 0
    fi
    "${service}_stop" KILL
    if ((status == 2)) && service_port_was_taken "$service" && [[ ${2:-} != same-port ]]; then
      say "    $service: somebody took its port; trying another ($attempt)"
      for process in $("${service}_processes"); do rm -f "$STACK_DIR/$process.port"; done
      continue
    fi
    break
  done
  die_not_started "$service" "$status" "$("${service}_processes")"
}

# die_not_started WHAT STATUS PROCESSES: STATUS is wait_until's.
die_not_started() {
  local process why='ended while it started'
  for process in $3; do
    say "the end of $STACK_DIR/logs/$process.log:"
    tail -n 15 "$STACK_DIR/logs/$process.log" | sed 's/^/    | /' >&2
  done
  if (($2 == 1)); then why='did not answer within 120 s'; fi
  die "$1 $why" "Look at the log above; './dev stack down --name $STACK_NAME' removes what is left."
}

service_port_was_taken() {
  local process
  for process in $("${1}_processes"); do
    if grep -qiE 'address already in use|BindException|could not bind' "$STACK_DIR/logs/$process.log"; then
      return 0
    fi
  done
  return 1
}

# cached NAME BUILDER: prints the folder NAME in the cache; the function BUILDER fills it (given the
# folder) if it is not there. It appears whole or not at all, also with several stacks at once.
cached() {
  local folder=$DEV_CACHE/$1 fd
  if [[ ! -d $folder ]]; then
    mkdir -p "$DEV_CACHE"
    exec {fd}>"$DEV_CACHE/.lock-$1"
    flock "$fd"
    if [[ ! -d $folder ]]; then
      rm -rf "$folder.part"
      mkdir -p "$folder.part"
      "$2" "$folder.part" || { rm -rf "$folder.part"; return 1; }
      mv "$folder.part" "$folder"
    fi
    exec {fd}>&-
  fi
  printf '%s' "$folder"
}
