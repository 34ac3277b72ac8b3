#!/bin/sh
# Installs the services that some tests need, where they are missing and this user may.
#
# Redis:      nothing to do, a server comes as a wheel with the Python packages.
# PostgreSQL: Debian's package, through apt as root. Without it, the tests of shared databases are
#             skipped on a laptop; with CI=true its absence is an error.
set -eu

have_postgresql() {
    command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1
}

if have_postgresql; then
    exit 0
fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing PostgreSQL for the tests of shared databases ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null || true
fi

if ! have_postgresql; then
    echo "PostgreSQL is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install postgresql; on macOS: brew install postgresql" >&2
    if [ "${CI:-}" = true ]; then exit 1; fi
fi
