#!/bin/sh
# Shows the log of PerpBot, or of the services given: logs.sh grafana prometheus
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- perpbot
exec docker compose logs --follow --tail 100 "$@"
