#!/usr/bin/env bash
# The browser's tests, or with --project=tour README's pictures: run.sh [PLAYWRIGHT ARGUMENTS]. The servers
# are those of OUTBOX_TEST_*. ./dev test browser has installed what it needs.
set -euo pipefail
cd "$(dirname "$0")"
if (($# == 0)); then set -- --project=tests; fi
exec node_modules/.bin/playwright test "$@"
