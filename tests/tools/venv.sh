#!/bin/bash
# Puts pinned Python packages, and the package of analysis/, into a virtual environment of our own.
#     venv.sh VENV REQUIREMENTS...
set -euo pipefail

venv=$1
shift

# The first python3 in PATH may be one without venv.
python_with_venv() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    echo "venv: no python3 with the venv module (Debian: python3-venv)" >&2
    exit 1
}

if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    python=$(python_with_venv)
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
echo "venv: installing $*" >&2
arguments=()
for requirements in "$@"; do
    arguments+=(-r "$requirements")
done
"$venv/bin/python" -m pip install -q --no-input --disable-pip-version-check \
    --only-binary :all: "${arguments[@]}"
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
realpath "$(dirname "$0")/../../analysis" >"$site/heatstream_analysis.pth"
