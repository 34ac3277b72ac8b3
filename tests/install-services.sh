#!/bin/sh
# Installs the services that some tests need, where they are missing and this user may.
#
# Redis:      nothing to do, a server comes as a wheel with the Python packages.
# PostgreSQL: for the tests of shared databases.
# Chromium:   for the tests of what a notebook shows, and its headless shell for those of rendering.
#
# Both are Debian's packages, through apt as root. Without them their tests are skipped on a laptop;
# with CI=true their absence is an error.
set -eu

have_postgresql() {
    command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1
}

have_chromium() {
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
        || command -v google-chrome >/dev/null 2>&1
}

have_headless_shell() { command -v chromium-headless-shell >/dev/null 2>&1; }

missing=""
have_postgresql || missing="$missing postgresql"
have_chromium || missing="$missing chromium"
# Chromium itself renders too, so nothing fails where there is no such package.
have_headless_shell || missing="$missing chromium-headless-shell"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the tests:$missing ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || true
    for package in $missing; do
        apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
    done
fi

failed=0
if ! have_postgresql; then
    echo "PostgreSQL is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install postgresql; on macOS: brew install postgresql" >&2
    failed=1
fi
if ! have_chromium; then
    echo "Chromium is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install chromium; on macOS: brew install --cask chromium" >&2
    failed=1
fi
if [ "${CI:-}" = true ]; then exit "$failed"; fi
