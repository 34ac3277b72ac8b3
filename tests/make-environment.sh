#!/bin/sh
# make-environment.sh PYTHON FOLDER: a virtual environment with pip, or advice on what is missing.
# One that is there already is kept as it is.
set -eu
python=$1
folder=$2

if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

if [ -z "$python" ]; then
    echo "scrapeq needs Python 3.11 or newer, and none was found." >&2
    echo "Install one (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install" >&2
    echo "python; anywhere: conda create -n scrapeq python=3.12), or name it: make PYTHON=..." >&2
    exit 1
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "scrapeq needs Python 3.11 or newer; $python is $("$python" -V 2>&1)." >&2
    echo "Name a newer one: make PYTHON=python3.12" >&2
    exit 1
fi

# Debian ships Python without these two parts of its standard library.
has_venv() {
    "$python" -c 'import venv, ensurepip' 2>/dev/null
}
if ! has_venv && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing what $python needs to make environments ..."
    export DEBIAN_FRONTEND=noninteractive
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package" >/dev/null || true
fi
if ! has_venv; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$python has no venv or ensurepip, so no environment can be made." >&2
    echo "On Debian or Ubuntu: apt install python$version-venv" >&2
    exit 1
fi

echo "Making $folder with $("$python" -V). The first time this downloads what it needs."
"$python" -m venv "$folder"
