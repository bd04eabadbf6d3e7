#!/bin/bash
# Runs test programs against a real Apache Kafka of its own, and closes as run-tests.sh does.
#     run-broker-tests.sh VERSION PROGRAM...        version: 3.9 or 4
set -euo pipefail

version=$1
shift
tools=$(dirname "$0")
broker=$tools/../broker/broker.sh
scratch=$(mktemp -d /tmp/heatstream-broker.XXXXXX)
directory=$scratch/kafka

stop() {
    "$broker" stop "$directory" || true
    rm -rf "$scratch"
}
trap stop EXIT

HEATSTREAM_TEST_BROKER=$("$broker" start "$directory" --version "$version" | tail -n 1)
export HEATSTREAM_TEST_BROKER
"$tools/run-tests.sh" broker "$@"
