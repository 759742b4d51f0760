#!/bin/sh
# Makes what compose.yaml needs where it is not there yet, checks it, and starts everything.
#
#   ALERT_WEBHOOK_URL   where Alertmanager sends Prometheus' alerts; needed at the first start
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "start.sh: $1" >&2
    exit 78
}

docker compose version >/dev/null 2>&1 ||
    fail "this needs Docker and its compose plugin (docker compose version); without them see docs/deployment.md"

mkdir -p secrets/credentials
# The directory keeps others out; what is in it is read by the containers, each with a user of its own.
chmod 0700 secrets
chmod 0755 secrets/credentials

if [ ! -f perpbot.yaml ]; then
    cp ../config/simulation.yaml perpbot.yaml
    printf '\nmetrics:                                  # what Prometheus reads\n' >>perpbot.yaml
    printf '  listen: 127.0.0.1:9464                  # where prometheus.yml looks for it\n' >>perpbot.yaml
    echo "Made deploy/perpbot.yaml: simulated venues. Edit it for anything else."
fi
grep -Eq '^ +listen: 127\.0\.0\.1:9464( |$)' perpbot.yaml ||
    fail "deploy/perpbot.yaml has no metrics.listen: 127.0.0.1:9464, where Prometheus looks for it"

if [ ! -f secrets/alertmanager.yml ]; then
    url=${ALERT_WEBHOOK_URL:-}
    case $url in
        http://* | https://*) ;;
        *) fail "where should alerts go? Give ALERT_WEBHOOK_URL=https://..., or write deploy/secrets/alertmanager.yml" ;;
    esac
    case $url in
        *[\|\&\\]*) fail "ALERT_WEBHOOK_URL has one of | & \\ in it; write deploy/secrets/alertmanager.yml by hand" ;;
    esac
    sed "s|WEBHOOK_URL|$url|" alertmanager/alertmanager.yml >secrets/alertmanager.yml.part
    mv secrets/alertmanager.yml.part secrets/alertmanager.yml
fi
chmod 0444 secrets/alertmanager.yml

if [ ! -f secrets/grafana_password ]; then
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >secrets/grafana_password
    echo "Made a password for Grafana's user admin: deploy/secrets/grafana_password"
fi
chmod 0444 secrets/grafana_password

docker compose up --detach --build --wait
echo "Console: http://127.0.0.1:8000  Grafana: http://127.0.0.1:3000  Prometheus: http://127.0.0.1:9090"
