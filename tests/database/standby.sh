#!/usr/bin/env bash
# What tests/database/standby.cpp runs, as the user that PostgreSQL can run as:
#   standby.sh make FOLDER URL   a copy of the server of URL in FOLDER, set up to stream from it
#   standby.sh run FOLDER PORT   the server on it, in the place of this process
set -euo pipefail

DEV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
die() {
  printf '%s\n' "$@" >&2
  exit 1
}
# shellcheck source=stack/postgres.sh
source "$DEV_ROOT/stack/postgres.sh"

folder=$2
bin=$(postgres_bin)
case $1 in
  make)
    mkdir -m 700 "$folder"
    if ((EUID == 0)); then chown "$(postgres_user):" "$folder"; fi
    cd "$folder"
    postgres_as "$bin/pg_basebackup" --dbname="$3" --pgdata="$folder/data" --write-recovery-conf \
      --wal-method=stream --checkpoint=fast --no-sync
    ;;
  run)
    cd "$folder"
    if ((EUID == 0)); then
      user=$(postgres_user)
      exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all -- \
        "$bin/postgres" -D "$folder/data" -p "$3"
    fi
    exec "$bin/postgres" -D "$folder/data" -p "$3"
    ;;
  *) die "usage: standby.sh make FOLDER URL | run FOLDER PORT" ;;
esac
