# shellcheck shell=bash
# PostgreSQL: a private cluster with a random password, on 127.0.0.1 only.

postgres_processes() { echo postgres; }
postgres_address() { echo "127.0.0.1:$(<"$STACK_DIR/postgres.port")"; }
postgres_variable() { echo OUTBOX_TEST_POSTGRES; }

postgres_url() {
  printf 'postgresql://postgres:%s@%s/postgres' \
    "$(<"$STACK_DIR/postgres/password")" "$(postgres_address)"
}

postgres_answers_at() { PROBE_URL=$1 python "$DEV_ROOT/stack/probe.py" postgres; }
postgres_answers() { postgres_answers_at "$(postgres_url)"; }
postgres_fetch() { postgres_bin >/dev/null; }

postgres_bin() {
  local folder
  for folder in /usr/lib/postgresql/{15,16,17,18}/bin; do
    if [[ -x $folder/postgres ]]; then
      echo "$folder"
      return 0
    fi
  done
  die "PostgreSQL 15 is not installed" "Install it: apt-get install postgresql-15"
}

# postgres_as COMMAND...: as the user who owns the cluster. PostgreSQL refuses to run as root.
postgres_as() {
  if ((EUID != 0)); then
    "$@"
  else
    local user
    user=$(postgres_user)
    setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all -- "$@"
  fi
}

postgres_user() {
  if ((EUID != 0)); then
    id -un
  elif id postgres >/dev/null 2>&1; then
    echo postgres
  else
    echo nobody
  fi
}

# The folder of the cluster, which its user must reach. As root the checkout may lie where no other
# user can look (/root, a private folder in /tmp): then it is a link to a folder under /var/tmp.
postgres_make_home() {
  local home=$STACK_DIR/postgres/home
  if [[ -d $home ]]; then return 0; fi
  rm -f "$home"
  if ((EUID == 0)); then
    if postgres_as test -x "$STACK_DIR/postgres"; then
      mkdir -m 700 "$home"
    else
      local elsewhere
      elsewhere=$(mktemp -d /var/tmp/outbox-postgres.XXXXXXXX)
      ln -s "$elsewhere" "$home"
    fi
    chown "$(postgres_user):" "$(readlink -f "$home")"
  else
    mkdir -m 700 "$home"
  fi
}

postgres_prepare() {
  local bin home=$STACK_DIR/postgres/home
  bin=$(postgres_bin)
  if [[ -f $home/data/outbox-ready ]]; then return 0; fi
  postgres_remove
  mkdir -p "$STACK_DIR/postgres"
  postgres_make_home
  home=$(readlink -f "$home")
  (
    umask 077
    od -An -tx1 -N16 /dev/urandom | tr -d ' \n' >"$STACK_DIR/postgres/password"
    cp "$STACK_DIR/postgres/password" "$home/password"
  )
  if ((EUID == 0)); then chown "$(postgres_user):" "$home/password"; fi
  (cd "$home" && postgres_as "$bin/initdb" -D "$home/data" --username=postgres --pwfile="$home/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync --no-instructions) \
    >"$STACK_DIR/logs/initdb.log" 2>&1 ||
    die "initdb failed; its output: $STACK_DIR/logs/initdb.log" "$(tail -n 3 "$STACK_DIR/logs/initdb.log")"
  rm -f "$home/password"
  cat >>"$home/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
wal_level = logical
fsync = on
max_prepared_transactions = 16
# Segments in the data folder: a server that is killed and then removed leaves nothing in /dev/shm.
dynamic_shared_memory_type = mmap
log_line_prefix = '%m [%p] '
timezone = 'UTC'
log_timezone = 'UTC'
CONF
  : >"$home/data/outbox-ready"
}

postgres_spawn() {
  local home
  home=$(readlink -f "$STACK_DIR/postgres/home")
  # A killed postmaster of which init has not heard yet counts as alive for PostgreSQL. Backends that
  # outlive it are still found, by the shared memory that they hold.
  local old
  if read -r old 2>/dev/null <"$home/data/postmaster.pid" && ! proc_start_time "$old" >/dev/null; then
    rm -f "$home/data/postmaster.pid"
  fi
  cd "$home" || return 1
  # setpriv and setsid replace themselves, so the pid is the postmaster's.
  if ((EUID == 0)); then
    local user
    user=$(postgres_user)
    spawn postgres setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all -- \
      "$(postgres_bin)/postgres" -D "$home/data" -p "$(<"$STACK_DIR/postgres.port")"
  else
    spawn postgres "$(postgres_bin)/postgres" -D "$home/data" -p "$(<"$STACK_DIR/postgres.port")"
  fi
  cd "$DEV_ROOT" || return 1
}

# postgres_stop TERM|KILL: TERM for data that is kept, KILL for data that goes.
postgres_stop() {
  if [[ $1 == KILL ]]; then
    postgres_kill
  else
    signal_and_wait postgres INT 30 # "fast": ends the connections, writes a checkpoint
  fi
}

# A crash: the postmaster and every backend at once. It is halted first, so that it can neither
# start a backend nor notice that one has died.
postgres_kill() {
  local pid
  pid=$(live_pid postgres) || return 0
  kill -STOP "$pid"
  local -a children
  mapfile -t children < <(ps -o pid= --ppid "$pid" | tr -d ' ')
  kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
  local child end=$((SECONDS + 30))
  for child in "$pid" "${children[@]}"; do
    while proc_start_time "$child" >/dev/null; do
      if ((SECONDS >= end)); then
        warn "a process of PostgreSQL (pid $child) did not end 30 s after SIGKILL: is its disk stuck?"
        return 0
      fi
      sleep 0.02
    done
  done
}

postgres_remove() {
  local home=$STACK_DIR/postgres/home target
  # A killed postmaster leaves its lock segment, which only the next start would remove.
  local segment
  segment=$(sed -n '7s/^ *[0-9]* *//p' "$home/data/postmaster.pid" 2>/dev/null) || true
  if [[ -n $segment ]]; then ipcrm -m "$segment" 2>/dev/null || true; fi
  if [[ -L $home ]]; then
    target=$(readlink "$home")
    [[ $target != /var/tmp/outbox-postgres.* ]] || rm -rf "$target"
  fi
  rm -rf "$STACK_DIR/postgres"
}
