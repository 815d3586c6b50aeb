#!/bin/sh
# Make (or remove) the accounts whose login shells the quoting tests go through. Needs root; run again at will.
#   accounts.sh            make opsc-dash opsc-bash opsc-zsh opsc-fish opsc-tcsh opsc-busybox, as far as shells exist
#   accounts.sh --remove   remove them
set -eu
umask 022

homes=/var/lib/opsc-accounts

[ "$(id -u)" = 0 ] || { echo "accounts.sh: needs root" >&2; exit 1; }

if [ "${1:-}" = --remove ]; then
    for name in dash bash zsh fish tcsh busybox; do
        if id "opsc-$name" >/dev/null 2>&1; then userdel "opsc-$name"; fi
    done
    rm -rf "$homes"
    exit 0
fi

mkdir -p "$homes"
for name in dash bash zsh fish tcsh busybox; do
    case $name in
        busybox)
            # busybox names itself by argv[0]; as a login shell it needs the name ash
            busybox=$(command -v busybox) || { echo "no busybox" >&2; continue; }
            shell=$homes/ash
            ln -sf "$busybox" "$shell"
            ;;
        *) shell=$(command -v "$name") || { echo "no $name" >&2; continue; } ;;
    esac
    if ! id "opsc-$name" >/dev/null 2>&1; then
        # '*' is no password, but not a locked account, which sshd would refuse
        useradd --system --create-home --home-dir "$homes/$name" --shell "$shell" --password '*' "opsc-$name"
    fi
done
