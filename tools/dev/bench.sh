# shellcheck shell=bash
# ./dev bench: the relay, the limits of the machine and the peers, measured in one run.

BENCH_TARGETS=(outbox-processor outboxctl order-service invoice-service outbox-bench)
BENCH_DEBEZIUM=3.6.1.Final
BENCH_DEBEZIUM_SHA256=f95567c7107e5ae0a778dce850c36e86487b2c49e131dfc9bbb72c7ac2feb944
BENCH_DEBEZIUM_JAVA=21 # the oldest that runs it

bench_help() {
  cat <<'HELP'
usage: ./dev bench [--quick] [--json FILE] [--gate] [--only GROUPS] [--repeats N]

  --quick        fewer rows and repeats: at most 10 minutes, else at most 60
  --json FILE    writes the result there as well
  --gate         exit status 1 when a ratio misses its target
  --only A,B     some groups alone: drain limits peers latency scale services
  --repeats N    of each cell (5, with --quick 3)

It starts servers of its own and stops them. The result, the table and the plots are in build/bench.
Exit status: 0 measured, 1 with --gate a target was missed, 2 something could not be measured.
HELP
}

bench_main() {
  local environment servers=postgres,kafka
  if wants_help "$@"; then
    bench_help
    return 0
  fi
  alone bench
  if bench_wants services "$@"; then
    servers+=,mongo
    mongo_check
    deps_install "the load on order-service" wrk
  fi
  deps_for_stack
  if bench_wants peers "$@" || bench_wants latency "$@" || bench_wants tuning "$@"; then bench_debezium; fi
  build_preset release "${BENCH_TARGETS[@]}"
  trap bench_down EXIT
  trap 'exit 130' INT TERM HUP
  bench_stacks_down # what a killed run left
  # As Kafka's own start script has it. In a small heap the collector stops the broker, and all who wait for
  # it, for 20 ms every other second.
  export KAFKA_HEAP_OPTS='-Xms1g -Xmx1g'
  environment=$("$DEV_ROOT/dev" stack up --name bench --only "$servers" 7>&-) || exit 1
  eval "$environment"
  BENCH_KAFKA_JARS=$(kafka_jars)
  export BENCH_KAFKA_JARS
  in_group python -B "$DEV_ROOT/bench/run.py" "$@"
}

# bench_wants GROUP ARGUMENTS...: whether --only names the group, or nothing is named.
bench_wants() {
  local group=$1 only=''
  shift
  while (($#)); do
    case $1 in
      --only) only=${2:-} ;;
      --only=*) only=${1#--only=} ;;
    esac
    shift
  done
  [[ -z $only || ,$only, == *",$group,"* ]]
}

# bench_debezium: the peer and a Java for it. Without such a Java it is left out, and the report says so.
bench_debezium() {
  export BENCH_DEBEZIUM_JAVA
  BENCH_JAVA=$(bench_java) || {
    warn "Debezium Server $BENCH_DEBEZIUM needs Java $BENCH_DEBEZIUM_JAVA or newer, and none is under /usr/lib/jvm: left out"
    return 0
  }
  BENCH_DEBEZIUM_HOME=$(cached "debezium-server-$BENCH_DEBEZIUM-${BENCH_DEBEZIUM_SHA256:0:12}" bench_debezium_fetch)
  export BENCH_JAVA BENCH_DEBEZIUM_HOME BENCH_DEBEZIUM
}

# bench_java: the newest one.
bench_java() {
  local java version newest=0 found=''
  for java in /usr/lib/jvm/*/bin/java; do
    version=$("$java" -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p')
    if [[ $version =~ ^[0-9]+$ ]] && ((version >= BENCH_DEBEZIUM_JAVA && version > newest)); then
      newest=$version found=$java
    fi
  done
  [[ -n $found ]] && echo "$found"
}

# bench_debezium_fetch FOLDER: without the connectors and languages that are extra.
bench_debezium_fetch() {
  local archive=$1/debezium-server-dist-$BENCH_DEBEZIUM.tar.gz
  command -v mvn >/dev/null || die "Maven is missing; it brings Debezium Server" "Install it: apt-get install maven"
  step "Downloading Debezium Server $BENCH_DEBEZIUM" "once, 780 MB"
  run_logged "$DEV_STATE/logs/debezium-download.log" \
    "Is Maven Central reachable? A mirror or proxy belongs in ~/.m2/settings.xml. Without it: ./dev bench --only drain,limits" \
    mvn -B -ntp org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    "-Dartifact=io.debezium:debezium-server-dist:$BENCH_DEBEZIUM:tar.gz" "-DoutputDirectory=$1" || return 1
  sha256sum --check --quiet <<<"$BENCH_DEBEZIUM_SHA256  $archive" >&2 ||
    die "Debezium Server $BENCH_DEBEZIUM is not what it was when it was pinned: $archive has another checksum"
  tar xzf "$archive" -C "$1" --strip-components=1 --exclude=debezium-server/connectors --exclude=debezium-server/lib_opt &&
    rm "$archive"
}

bench_down() {
  local status=$?
  begin_teardown
  end_group
  bench_stacks_down
  end_teardown
  return "$status"
}

# bench3 has the three brokers.
bench_stacks_down() {
  local name
  for name in bench bench3; do
    if [[ -d $DEV_STATE/$name ]]; then "$DEV_ROOT/dev" stack down --name "$name" >/dev/null 2>&1 7>&- || true; fi
  done
}
