#!/bin/sh
# Stops everything in order; PerpBot finishes its trades first. Data stays; `docker compose down --volumes` removes it.
set -eu
cd "$(dirname "$0")/.."
exec docker compose down "$@"
