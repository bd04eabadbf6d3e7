#!/bin/bash
# Runs commands in a fresh clone on a bare Debian 12: nothing but the base system, git and make.
#     fresh-debian.sh ['make demo' 'make test' ...]      as root; default: both of these
# The committed state is what is cloned. apt, pip, Maven and certificates are configured as on this
# machine. KEEP=DIR keeps the root there, and uses the one it finds there.
set -euo pipefail

[ "$(id -u)" -eq 0 ] || { echo "fresh-debian: needs root for debootstrap and chroot" >&2; exit 1; }
# Name spaces of its own: no mount and no process outlives it.
if [ -z "${FRESH_DEBIAN_INSIDE:-}" ]; then
    export FRESH_DEBIAN_INSIDE=1
    exec unshare --mount --propagation private --pid --fork --kill-child "$0" "$@"
fi

repository=$(cd "$(dirname "$0")/../.." && pwd)
root=${KEEP:-$(mktemp -d /var/tmp/fresh-debian.XXXXXX)}
pip_variables='pip_(index_url|extra_index_url|cert|default_timeout|trusted_host)'
registry_variables="^((https?|no)_proxy|$pip_variables|ssl_cert_(file|dir)|maven_(opts|args))\$"
[ "$#" -gt 0 ] || set -- 'make demo' 'make test'

clean_up() {
    umount "$root/proc" "$root/sys" "$root/dev/shm" "$root/dev/pts" 2>/dev/null || true
    [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$root"
}
trap clean_up EXIT

# The first source of bookworm's main archive that apt knows here.
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' |
        awk '$2 == "bookworm" && $3 == "main" { print $1; exit }'
}

copy_into_root() {
    local path
    for path in "$@"; do
        [ -e "$path" ] || continue
        mkdir -p "$root$(dirname "$path")"
        cp -aT --remove-destination "$path" "$root$path"
    done
}

make_root() {
    local uri
    uri=$(mirror)
    debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$root" \
        ${uri:+"$uri"} >"$root.log" 2>&1 || { tail -n 20 "$root.log" >&2; exit 1; }
    rm -f "$root.log"
}

configure_root() {
    rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
    mkdir -p "$root/usr/local/share"
    copy_into_root /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d \
        /etc/apt/trusted.gpg.d /etc/apt/keyrings /etc/pip.conf /etc/resolv.conf /etc/hosts \
        /usr/local/share/ca-certificates "$HOME/.m2/settings.xml"
    rm -f "$root"/etc/apt/apt.conf.d/docker-*
    chroot "$root" update-ca-certificates >/dev/null 2>&1
}

mount_root() {
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mkdir -p "$root/dev/shm" "$root/dev/pts"
    mount -t tmpfs tmpfs "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
}

# A clean environment, but for what says how to reach the registries.
in_root() {
    local kept=() name
    while read -r name; do
        kept+=("$name=${!name}")
    done < <(compgen -e | grep -iE "$registry_variables" || true)
    chroot "$root" env -i HOME=/root TERM=dumb LANG=C.UTF-8 "${kept[@]}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "$1" </dev/null
}

[ -x "$root/usr/bin/git" ] || make_root
configure_root
mount_root
rm -rf "$root/root/heatstream"
git clone -q --no-hardlinks "$repository" "$root/root/heatstream"
for command in "$@"; do
    start=$SECONDS
    echo "== bare Debian 12: $command"
    in_root "cd /root/heatstream && git config --global --add safe.directory '*' && $command"
    echo "== done in $((SECONDS - start)) s: $command"
done
