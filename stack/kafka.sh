# shellcheck shell=bash
# Apache Kafka in KRaft mode: one process a broker, each broker also a controller.

KAFKA_HEAP=512m

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

kafka_prepare() {
  mkdir -p "$STACK_DIR/kafka"
  [[ -f $STACK_DIR/kafka/brokers ]] || echo "$STACK_BROKERS" >"$STACK_DIR/kafka/brokers"
}

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
listeners=PLAINTEXT://127.0.0.1:$(<"$STACK_DIR/kafka-$id.port"),CONTROLLER://127.0.0.1:$(<"$STACK_DIR/kafka/controller-$id.port")
advertised.listeners=PLAINTEXT://127.0.0.1:$(<"$STACK_DIR/kafka-$id.port")
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$STACK_DIR/kafka/data-$id
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

kafka_spawn() {
  local id brokers
  brokers=$(kafka_brokers)
  for id in $(seq "$brokers"); do
    if [[ ! -f $STACK_DIR/kafka/controller-$id.port || ! -f $STACK_DIR/kafka/data-$id/meta.properties ]]; then
      python "$DEV_ROOT/stack/probe.py" port >"$STACK_DIR/kafka/controller-$id.port"
    fi
  done
  local -a java=("$(kafka_java)" -Djava.awt.headless=true
    "-Dlog4j2.configurationFile=$DEV_ROOT/stack/kafka/log4j2.properties"
    -cp "$(kafka_jars)/*")
  for id in $(seq "$brokers"); do
    kafka_config "$id" >"$STACK_DIR/kafka/server-$id.properties"
    if [[ ! -f $STACK_DIR/kafka/data-$id/meta.properties ]]; then kafka_format "$id" "${java[@]}"; fi
  done
  for id in $(seq "$brokers"); do
    spawn "kafka-$id" "${java[@]}" "-Xmx$KAFKA_HEAP" -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
      kafka.Kafka "$STACK_DIR/kafka/server-$id.properties"
  done
}

# kafka_format ID JAVA...: prepares an empty data folder with Kafka's own tool.
kafka_format() {
  local id=$1 cluster=$STACK_DIR/kafka/cluster
  shift
  # 16 random bytes in URL-safe base64 without padding.
  [[ -f $cluster ]] || head -c 16 /dev/urandom | base64 | tr '+/' 'Aa' | tr -d '=' >"$cluster"
  "$@" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --cluster-id "$(<"$cluster")" \
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
