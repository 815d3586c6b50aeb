# Whether logind ends what a session started with it (logind.conf(5): the last word wins), and how a step gets out of it.
told() { # the last value of a setting
  cat "${OPSC_ROOT:-}/etc/systemd/logind.conf" "${OPSC_ROOT:-}"/usr/lib/systemd/logind.conf.d/*.conf \
    "${OPSC_ROOT:-}"/run/systemd/logind.conf.d/*.conf "${OPSC_ROOT:-}"/etc/systemd/logind.conf.d/*.conf 2>/dev/null |
    sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" | tail -n 1
}
among() { case " $2 " in *" $1 "*) return 0 ;; esac; return 1; }
is_killed() { # sets $me
  case $(told KillUserProcesses) in 1 | [yY]* | [tT]* | [oO][nN]) ;; *) return 1 ;; esac
  me=$(id -un 2>/dev/null)
  among "$me" "root $(told KillExcludeUsers)" && return 1
  only=$(told KillOnlyUsers)
  [ -z "$only" ] || among "$me" "$only"
}
own_scope() { # the account's own manager outlives its sessions where lingering is on
  [ -e "${OPSC_ROOT:-}/var/lib/systemd/linger/$me" ] || return 1
  XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
  export XDG_RUNTIME_DIR
  timeout -k 1 5 systemd-run --user --scope --quiet --collect -- true </dev/null >/dev/null 2>&1
}
