#!/bin/sh
# Installs the services that some tests need, where they are missing and this user may.
#
# Redis:      nothing to do, a server comes as a wheel with the Python packages.
# PostgreSQL: for the tests of shared databases.
# Chromium:   for the tests of rendering and of what a notebook shows; its headless shell, which takes
#             half the time, where there is such a package, and all of it for those of use_stealth.
# Xvfb, xdotool: for those of a login by hand, in a browser that is seen.
# systemd: for its own check of the units in docs/operations.
# libfaketime: for the tests of a clock that jumps.
#
# They are Debian's packages, through apt as root. Without them their tests are skipped on a laptop;
# with CI=true their absence is an error.
set -eu

have_postgresql() {
    command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1
}

have_chromium() {
    for name in chromium-headless-shell chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

have_all_of_chromium() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

install() { apt-get install -y -qq --no-install-recommends "$1" >/dev/null; }

have_display() {
    command -v Xvfb >/dev/null 2>&1 && command -v xdotool >/dev/null 2>&1
}

have_faketime() {
    ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1
}

have_systemd() { command -v systemd-analyze >/dev/null 2>&1; }

missing=""
have_postgresql || missing="$missing PostgreSQL"
have_chromium || missing="$missing Chromium"
have_all_of_chromium || missing="$missing all-of-Chromium"
have_display || missing="$missing Xvfb-and-xdotool"
have_faketime || missing="$missing libfaketime"
have_systemd || missing="$missing systemd"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the tests:$missing ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || true
    have_postgresql || install postgresql || true
    have_chromium || install chromium-headless-shell || true
    have_all_of_chromium || install chromium || true
    have_display || { install xvfb && install xdotool; } || true
    have_faketime || install libfaketime || true
    have_systemd || install systemd || true
fi

failed=0
if ! have_postgresql; then
    echo "PostgreSQL is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install postgresql; on macOS: brew install postgresql" >&2
    failed=1
fi
if ! have_chromium; then
    echo "Chromium is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install chromium-headless-shell; on macOS: brew install --cask chromium" >&2
    failed=1
fi
if ! have_all_of_chromium; then
    echo "All of Chromium is not installed, so the tests of use_stealth cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install chromium; on macOS: brew install --cask chromium" >&2
    failed=1
fi
if ! have_display; then
    echo "Xvfb or xdotool is not installed, so the tests of a login by hand cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install xvfb xdotool" >&2
    failed=1
fi
if ! have_faketime; then
    echo "libfaketime is not installed, so the tests that need it cannot run." >&2
    echo "On Debian or Ubuntu: sudo apt install libfaketime" >&2
    failed=1
fi
if ! have_systemd; then
    echo "systemd is not installed, so the units in docs/operations cannot be checked." >&2
    echo "On Debian or Ubuntu: sudo apt install systemd" >&2
    failed=1
fi
if [ "${CI:-}" = true ]; then exit "$failed"; fi
