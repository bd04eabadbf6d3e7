#!/bin/bash
# Installs the Debian packages of the named groups that are missing; asks nothing.
#     deps.sh GROUP...        groups: build, run, test, fuzz, lint (tests/tools/packages.txt)
# DEPS=no installs nothing and only says what is missing.
set -euo pipefail

list="$(dirname "$0")/packages.txt"

packages_of() {
    awk -v groups=" $* " '!/^#/ && NF == 2 && index(groups, " " $1 " ") { print $2 }' "$list"
}

missing_of() {
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
        sed -n 's/^installed //p' || true)
    comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

apt_get() {
    local sudo=()
    [ "$1" != sudo ] || { sudo=(sudo) && shift; }
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 "$@"
}

# A failing update is no reason to stop: the lists at hand may do.
install() {
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "deps: neither root nor sudo; install by hand: apt-get install $*" >&2
            exit 1
        }
        sudo=(sudo)
    fi
    echo "deps: installing with ${sudo[*]:+sudo }apt-get (a minute or two): $*" >&2
    local log status=0
    log=$(mktemp)
    apt_get "${sudo[@]}" update >"$log" 2>&1 || echo "deps: apt-get update failed, going on" >&2
    apt_get "${sudo[@]}" install --no-install-recommends "$@" >>"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || tail -n 40 "$log" >&2
    rm -f "$log"
    return "$status"
}

mapfile -t wanted < <(packages_of "$@")
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    [ "${DEPS:-}" = no ] && exit 0
    echo "deps: not a Debian system. Install what these packages hold, then run make with" \
        "DEPS=no:" "${wanted[@]}" >&2
    exit 1
fi

mapfile -t missing < <(missing_of "${wanted[@]}")
[ "${#missing[@]}" -eq 0 ] && exit 0
if [ "${DEPS:-}" = no ]; then
    echo "deps: not installed, and DEPS=no forbids it: ${missing[*]}" >&2
    exit 0
fi
install "${missing[@]}"
