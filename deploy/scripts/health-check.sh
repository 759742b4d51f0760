#!/bin/sh
# Says of each service whether it answers; the exit code is 0 when all do.
set -u
cd "$(dirname "$0")/.." || exit
ill=0

check() { # name, command
    name=$1
    shift
    if "$@" >/dev/null 2>&1; then
        echo "ok    $name"
    else
        echo "ILL   $name: $*"
        ill=1
    fi
}

check perpbot docker compose exec -T perpbot perpbot health
check metrics curl -fsS -m 5 http://127.0.0.1:9464/metrics
check prometheus curl -fsS -m 5 http://127.0.0.1:9090/-/ready
check alertmanager curl -fsS -m 5 http://127.0.0.1:9093/-/ready
check grafana curl -fsS -m 5 http://127.0.0.1:3000/api/health
exit $ill
