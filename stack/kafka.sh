# shellcheck shell=bash
# Apache Kafka in KRaft mode: one process a broker, each broker also a controller.

# Enough for tests. The variable is that of Kafka's own scripts.
read -ra KAFKA_HEAP <<<"${KAFKA_HEAP_OPTS:--Xmx512m}"

kafka_brokers() { cat "$STACK_DIR/kafka/brokers" 2>/dev/null || echo 1; }
kafka_processes() { seq -f 'kafka-%g' "$(kafka_brokers)"; }
kafka_variable() { echo OUTBOX_TEST_KAFKA; }

kafka_address() {
  local broker addresses=''
  for broker in $(kafka_processes); do
    addresses+=${addresses:+,}127.0.0.1:$(<"$STACK_DIR/$broker.port")
  done
  echo "$addresses"
}

kafka_url() { kafka_address | tr -d '\n'; }
kafka_answers_at() { python "$DEV_ROOT/stack/probe.py" kafka "$1" 1; }
kafka_answers() { python "$DEV_ROOT/stack/probe.py" kafka "$(kafka_address)" "$(kafka_brokers)"; }

kafka_java() {
  local java version
  for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java)" /usr/lib/jvm/java-17*/bin/java; do
    [[ -n $java && -x $java ]] || continue
    version=$("$java" -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p')
    if [[ $version =~ ^[0-9]+$ ]] && ((version >= 17)); then
      echo "$java"
      return 0
    fi
  done
  die "Kafka needs Java 17 or newer, and there is none on PATH, in JAVA_HOME or under /usr/lib/jvm" \
    "Install it: apt-get install openjdk-17-jre-headless"
}

kafka_jars() {
  local pom=$DEV_ROOT/stack/kafka/pom.xml
  cached "kafka-$(sha256sum "$pom" | cut -c1-12)" kafka_download
}

kafka_download() {
  command -v mvn >/dev/null || die "Maven is missing; it brings Kafka's jars" "Install it: apt-get install maven"
  step "Downloading Kafka" "once, 43 MB, usually under a minute"
  run_logged "$STACK_DIR/logs/kafka-download.log" \
    "Is Maven Central reachable? A mirror or proxy belongs in ~/.m2/settings.xml. Or, for all but the demo and the e2e tests, name a running broker: OUTBOX_TEST_KAFKA=host:port." \
    mvn -B -ntp -f "$DEV_ROOT/stack/kafka/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$1"
}

kafka_fetch() {
  kafka_java >/dev/null
  kafka_jars >/dev/null
}

# What 'up' was told is written down, for every later start of a broker.
kafka_prepare() {
  local id
  mkdir -p "$STACK_DIR/kafka"
  if [[ -f $STACK_DIR/kafka/brokers ]]; then return 0; fi
  if [[ -n $STACK_ADVERTISE ]]; then printf '%s\n' "$STACK_ADVERTISE" >"$STACK_DIR/kafka/advertise"; fi
  for id in "${!STACK_BROKER_DIR[@]}"; do
    printf '%s\n' "${STACK_BROKER_DIR[$id]}" >"$STACK_DIR/kafka/folder-$id"
  done
  echo "$STACK_BROKERS" >"$STACK_DIR/kafka/brokers"
}

# kafka_check_options: what --advertise and --broker-dir say of STACK_BROKERS brokers.
kafka_check_options() {
  local id folder
  if [[ -z $STACK_ADVERTISE ]] && ((${#STACK_BROKER_DIR[@]} == 0)); then return 0; fi
  [[ ! -f $STACK_DIR/kafka/brokers && ! -f $STACK_DIR/kafka.external && -z $(stack_given kafka) ]] ||
    die "--advertise and --broker-dir are for brokers that this command makes" \
      "Unset OUTBOX_TEST_KAFKA, or take the stack down first: ./dev stack down --name $STACK_NAME"
  if [[ -n $STACK_ADVERTISE ]]; then
    [[ $STACK_ADVERTISE =~ ^[A-Za-z0-9.-]+:[0-9]+(,[A-Za-z0-9.-]+:[0-9]+)*$ ]] ||
      die "--advertise takes HOST:PORT,..., not '$STACK_ADVERTISE'"
    [[ $(kafka_listed "$STACK_ADVERTISE" | wc -l) == "$STACK_BROKERS" ]] ||
      die "--advertise names $(kafka_listed "$STACK_ADVERTISE" | wc -l) address(es) for $STACK_BROKERS broker(s)" \
        "One for each, in their order."
  fi
  for id in "${!STACK_BROKER_DIR[@]}"; do
    folder=${STACK_BROKER_DIR[$id]}
    ((id >= 1 && id <= STACK_BROKERS)) || die "--broker-dir: there is no broker $id" "They are 1 to $STACK_BROKERS."
    [[ $folder == /* && -d $folder && -w $folder && -z $(ls -A "$folder") ]] ||
      die "--broker-dir: '$folder' is no empty folder with an absolute path that this user can write to"
  done
}

# kafka_listed A,B,C: one a line.
kafka_listed() { tr ',' '\n' <<<"$1"; }

# What the environment has of Kafka besides its address: where the proxies find the brokers.
kafka_proxied() {
  local id addresses=''
  if [[ ! -f $STACK_DIR/kafka/advertise ]]; then return 0; fi
  for id in $(seq "$(kafka_brokers)"); do
    addresses+=${addresses:+,}127.0.0.1:$(<"$STACK_DIR/kafka/proxied-$id.port")
  done
  echo "$addresses"
}

# The lines of the configuration that say where broker ID listens and what it tells clients. Those
# that come by its second listener are led to the address of --advertise, which forwards to it.
kafka_listeners() {
  local id=$1 direct proxied='' advertised='' protocol=''
  direct=PLAINTEXT://127.0.0.1:$(<"$STACK_DIR/kafka-$id.port")
  if [[ -f $STACK_DIR/kafka/advertise ]]; then
    proxied=PROXIED://127.0.0.1:$(<"$STACK_DIR/kafka/proxied-$id.port"),
    advertised=,PROXIED://$(kafka_listed "$(<"$STACK_DIR/kafka/advertise")" | sed -n "${id}p")
    protocol=,PROXIED:PLAINTEXT
  fi
  cat <<CONF
listeners=$direct,${proxied}CONTROLLER://127.0.0.1:$(<"$STACK_DIR/kafka/controller-$id.port")
advertised.listeners=$direct$advertised
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT$protocol
CONF
}

# Where broker ID keeps its messages; its metadata is always under STACK_DIR.
kafka_folder() { cat "$STACK_DIR/kafka/folder-$1" 2>/dev/null || echo "$STACK_DIR/kafka/data-$1"; }

kafka_config() {
  local id=$1 brokers replicas voters='' other
  brokers=$(kafka_brokers)
  replicas=$((brokers < 3 ? brokers : 3))
  for other in $(seq "$brokers"); do
    voters+=${voters:+,}$other@127.0.0.1:$(<"$STACK_DIR/kafka/controller-$other.port")
  done
  cat <<CONF
process.roles=broker,controller
node.id=$id
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
$(kafka_listeners "$id")
log.dirs=$(kafka_folder "$id")
metadata.log.dir=$STACK_DIR/kafka/data-$id
auto.create.topics.enable=true
num.partitions=3
default.replication.factor=$replicas
min.insync.replicas=$((replicas < 3 ? 1 : 2))
offsets.topic.num.partitions=3
offsets.topic.replication.factor=$replicas
transaction.state.log.num.partitions=3
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$((replicas < 3 ? 1 : 2))
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# How long the controller waits before it lets a killed broker back in.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=16777216
CONF
}

# kafka_port FILE: draws a port, unless the file has one.
kafka_port() {
  [[ -f $1 ]] || python "$DEV_ROOT/stack/probe.py" port >"$1"
}

kafka_spawn() {
  local id brokers
  brokers=$(kafka_brokers)
  for id in $(seq "$brokers"); do
    if [[ ! -f $STACK_DIR/kafka/data-$id/meta.properties ]]; then
      rm -f "$STACK_DIR/kafka/controller-$id.port" "$STACK_DIR/kafka/proxied-$id.port"
    fi
    kafka_port "$STACK_DIR/kafka/controller-$id.port"
    if [[ -f $STACK_DIR/kafka/advertise ]]; then kafka_port "$STACK_DIR/kafka/proxied-$id.port"; fi
  done
  for id in $(seq "$brokers"); do
    kafka_config "$id" >"$STACK_DIR/kafka/server-$id.properties"
    if [[ ! -f $STACK_DIR/kafka/data-$id/meta.properties ]]; then kafka_format "$id"; fi
  done
  for id in $(seq "$brokers"); do kafka_spawn_broker "$id"; done
}

kafka_spawn_broker() {
  kafka_find_jvm
  spawn "kafka-$1" "${KAFKA_JVM[@]}" "${KAFKA_HEAP[@]}" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
    kafka.Kafka "$STACK_DIR/kafka/server-$1.properties"
}

# kafka_find_jvm: KAFKA_JVM becomes the words that run a class of Kafka's.
KAFKA_JVM=()
kafka_find_jvm() {
  ((${#KAFKA_JVM[@]})) || KAFKA_JVM=("$(kafka_java)" -Djava.awt.headless=true
    "-Dlog4j2.configurationFile=$DEV_ROOT/stack/kafka/log4j2.properties"
    -cp "$(kafka_jars)/*")
}

# kafka_start_broker P: one of several again, on its port and data, while the others run on.
kafka_start_broker() {
  local broker=$1 status=0 started
  if live_pid "$broker" >/dev/null; then
    say "    $broker runs already"
    return 0
  fi
  started=$(now_ms)
  new_log "$broker"
  kafka_spawn_broker "${broker#kafka-}"
  wait_until 120 "$broker" kafka_answers_at "127.0.0.1:$(<"$STACK_DIR/$broker.port")" || status=$?
  ((status == 0)) || die_not_started "$broker" "$status" "$broker"
  say "    $broker answers after $(($(now_ms) - started)) ms"
}

# kafka_format ID: prepares an empty data folder with Kafka's own tool.
kafka_format() {
  local id=$1 cluster=$STACK_DIR/kafka/cluster
  kafka_find_jvm
  # 16 random bytes in URL-safe base64 without padding.
  [[ -f $cluster ]] || head -c 16 /dev/urandom | base64 | tr '+/' 'Aa' | tr -d '=' >"$cluster"
  "${KAFKA_JVM[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --cluster-id "$(<"$cluster")" \
    --config "$STACK_DIR/kafka/server-$id.properties" >"$STACK_DIR/logs/kafka-$id-format.log" 2>&1 ||
    die "Kafka's storage tool could not format $STACK_DIR/kafka/data-$id" \
      "Its output: $STACK_DIR/logs/kafka-$id-format.log"
}

kafka_stop() {
  local broker pid
  if [[ $1 == KILL ]]; then
    kafka_kill
    return
  fi
  for broker in $(kafka_processes); do
    if pid=$(live_pid "$broker"); then kill -TERM "$pid" 2>/dev/null || true; fi
  done
  for broker in $(kafka_processes); do signal_and_wait "$broker" TERM 15; done
}

kafka_kill() {
  local broker
  for broker in $(kafka_processes); do signal_and_wait "$broker" KILL 5; done
}

kafka_remove() { rm -rf "$STACK_DIR/kafka"; }
