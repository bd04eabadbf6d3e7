#!/usr/bin/env bash
# A real Apache Kafka of its own: one JVM, KRaft, loopback, everything below one directory.
#
#   broker.sh start DIR [--version 3.9|4] [--set key=value]… [--listener NAME:PROTOCOL]…
#                            prints the bootstrap address; those of further listeners are in
#                            DIR/listeners, a line NAME host:port each
#   broker.sh stop DIR       kills it and removes DIR
#   broker.sh status DIR     exit 0 while it runs, and prints the address
#   broker.sh jars [--version 3.9|4]                           fetches the jars into build/, once
#   broker.sh run [--version 3.9|4] [--set key=value]… -- COMMAND…
#                            with a broker at $HEATSTREAM_TEST_BROKER, for as long as it takes
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${HEATSTREAM_BUILD:-$here/../../build}
version=3.9
settings=()
listeners=() # NAME:PROTOCOL

die() {
    echo "broker.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 64
}

pom() {
    case $version in
    3.9) echo "$here/pom.xml" ;;
    4) echo "$here/pom-4.xml" ;;
    *) die "no such version: $version (3.9 or 4)" ;;
    esac
}

libs() {
    echo "$build/broker/$version/libs"
}

# Complete or absent: several tests may ask at the same time, and a download may be interrupted.
jars() {
    local file target part
    file=$(pom)
    target=$(libs)
    mkdir -p "$(dirname "$target")"
    (
        flock 9
        if [[ ! -e $target/.complete || $file -nt $target/.complete ]]; then
            part=$target.part
            rm -rf "$part" "$target"
            mvn -q -B -f "$file" dependency:copy-dependencies -DoutputDirectory="$part" 1>&2
            touch "$part/.complete"
            mv "$part" "$target"
        fi
    ) 9>"$target.lock"
}

# Free ports below the range that outgoing connections take theirs from.
free_ports() { # how many
    perl -MIO::Socket::INET -e '
        my @held;
        while (@held < $ARGV[0]) {
            my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1,
                                          LocalPort => 20000 + int rand 12000);
            push @held, $s if $s;
        }
        print join(" ", map { $_->sockport } @held), "\n";' "$1"
}

# Certificates are made out to localhost, so that is what clients of a further listener are told.
add_listeners() { # directory, ports
    local directory=$1 port at=0 addresses=() protocols=() names
    shift
    for port in "$@"; do
        addresses+=("${listeners[at]%%:*}://localhost:$port")
        protocols+=("${listeners[at]}")
        echo "${listeners[at]%%:*} localhost:$port" >>"$directory/listeners"
        at=$((at + 1))
    done
    names=$(IFS=, && echo "${addresses[*]}")
    sed -i -E -e "s|^(advertised.)?listeners=.*|&,$names|" \
        -e "s|^listener.security.protocol.map=.*|&,$(IFS=, && echo "${protocols[*]}")|" \
        "$directory/server.properties"
}

write_properties() { # directory, client port, controller port
    cat >"$1/server.properties" <<EOF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$3
listeners=PLAINTEXT://127.0.0.1:$2,CONTROLLER://127.0.0.1:$3
advertised.listeners=PLAINTEXT://127.0.0.1:$2
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$1/data
num.partitions=1
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
log.retention.check.interval.ms=1000
log.initial.task.delay.ms=1000
log.cleaner.backoff.ms=500
EOF
    printf '%s\n' "${settings[@]}" >>"$1/server.properties"
    cat >"$1/log4j.properties" <<EOF
log4j.rootLogger=WARN, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
EOF
}

# The process id, if the process is still this directory's broker.
broker_pid() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$1/server.properties" || return 1
    echo "$pid"
}

cluster_id() { # as random-uuid makes it, without the start of a JVM; the first byte is never a dash
    { printf 'A' && head -c 15 /dev/urandom; } | base64 | tr '+/' '-_' | tr -d '='
}

launch() { # directory
    local class_path
    class_path="$(cd "$(libs)" && pwd)/*"
    java -Xmx256m -cp "$class_path" -Dlog4j.configuration="file:$1/log4j.properties" \
        kafka.tools.StorageTool format -t "$(cluster_id)" -c "$1/server.properties" \
        >"$1/format.log" 2>&1 || return 1
    setsid java -Xmx512m -XX:+UseSerialGC -cp "$class_path" \
        -Dlog4j.configuration="file:$1/log4j.properties" \
        kafka.Kafka "$1/server.properties" </dev/null >"$1/log" 2>&1 &
    echo $! >"$1/pid"
}

# Ready when metadata names the broker; gives up when the JVM has gone or after a minute.
await() { # directory, address
    local deadline=$((SECONDS + 60))
    while ((SECONDS < deadline)); do
        if kcat -b "$2" -L -m 2 2>/dev/null | grep -q "broker 1 at $2"; then
            return 0
        fi
        [[ -e /proc/$(cat "$1/pid") ]] || return 1
        sleep 0.1
    done
    return 1
}

start() { # directory
    local ports
    [[ ! -e $1 ]] || die "$1 exists"
    pom >/dev/null
    jars
    mkdir -p "$1"
    for _ in 1 2 3; do # another process may take a port between the look and the start
        rm -rf "$1/data" "$1/listeners"
        read -ra ports < <(free_ports $((2 + ${#listeners[@]})))
        write_properties "$1" "${ports[0]}" "${ports[1]}"
        ((${#listeners[@]} == 0)) || add_listeners "$1" "${ports[@]:2}"
        if launch "$1" && await "$1" "127.0.0.1:${ports[0]}"; then
            echo "127.0.0.1:${ports[0]}" | tee "$1/address"
            return 0
        fi
        kill_broker "$1"
    done
    tail -n 20 "$1/format.log" "$1/log" >&2 || true
    rm -rf "$1"
    die "the broker did not start"
}

kill_broker() { # directory; its data go as well, so there is nothing to shut down in order
    local pid
    pid=$(broker_pid "$1") || return 0
    kill -KILL "$pid"
    while broker_pid "$1" >/dev/null; do sleep 0.02; done
}

stop() { # directory
    [[ -e $1/server.properties ]] || die "no broker in $1"
    kill_broker "$1"
    rm -rf "$1"
}

status() { # directory
    broker_pid "$1" >/dev/null || die "no broker runs in $1"
    cat "$1/address"
}

run() {
    local scratch status=0
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the directory of now
    trap "kill_broker '$scratch/broker'; rm -rf '$scratch'" EXIT
    HEATSTREAM_TEST_BROKER=$(start "$scratch/broker")
    export HEATSTREAM_TEST_BROKER
    "$@" || status=$?
    exit "$status"
}

command=${1:-}
[[ $command ]] || usage
shift
if [[ $command =~ ^(start|stop|status)$ ]]; then
    (($# >= 1)) || usage
    directory=$(realpath -m "$1")
    shift
fi
while (($#)); do
    case $1 in
    --version) version=${2:?} && shift 2 ;;
    --set) settings+=("${2:?}") && shift 2 ;;
    --listener) listeners+=("${2:?}") && shift 2 ;;
    --) shift && break ;;
    *) usage ;;
    esac
done
case $command in
start | stop | status) "$command" "$directory" ;;
run) run "$@" ;;
jars) jars ;;
*) usage ;;
esac
