# Says what is known of a step in $d. proc(5): field 22 of stat, behind the last parenthesis, is the start time.
since() { s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1; s=${s##*) }; set -- $s; printf %s "${20}"; }
ended() { [ -r "$d/rc" ] && read -r rc took <"$d/rc" && state="rc $rc $took"; }
is_alive() {
  pid='' at='' boot=''
  [ -r "$d/pid" ] && read -r pid at boot <"$d/pid"
  [ -n "$at" ] && [ "$boot" = "$now" ] && [ "$(since "$pid")" = "$at" ]
}
look() { # sets $state: rc, alive, died, none
  ended && return
  [ -e "$d/start" ] || { state=none; return; }
  now=$(boot_now) tries=0
  while [ ! -e "$d/pid" ] && [ "$tries" -lt 20 ]; do tries=$((tries + 1)); sleep 0.1 2>/dev/null || sleep 1; done
  is_alive && { state="alive $pid $boot"; return; }
  ended && return
  read -r boot <"$d/start" 2>/dev/null
  case $boot in void) state=never ;; *) state="died ${boot:--} ${now:--}" ;; esac
}
bar() { # what was never started is never started from now on; whoever comes late is refused
  (set -C; echo void >"$d/start") 2>/dev/null && state=never || look
}
