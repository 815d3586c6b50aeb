# Holds one command: $1 folder, $2 blocks of output, $3 seconds, $4 what limits time, $5 boot id; the rest is the command.
# In a session of its own, so that a hang-up does not reach it; the command in another, so that a kill does not reach us.
umask 077
d=$1 blocks=$2 seconds=$3 limit=$4 boot=$5
shift 5
at=$(s=$(cat "/proc/$$/stat" 2>/dev/null); s=${s##*) }; set -- $s; printf %s "${20}")
printf '%s %s %s\n' "$$" "$at" "$boot" >"$d/pid.new" && mv "$d/pid.new" "$d/pid"
if [ -f "$d/in" ]; then exec 5<"$d/in"; rm -f "$d/in"; else exec 5</dev/null; fi
began=$(date +%s)
keep() { # what passes the cap is thrown away, and the command goes on
  (ulimit -f "$blocks"; exec cat) >>"$1" 2>/dev/null
  : >"$1.end"
  exec cat >/dev/null
}
settle() {
  printf '%s %s\n' "$1" "$(($(date +%s) - began))" >"$d/rc.new"
  sync -d "$d/rc.new" 2>/dev/null
  mv "$d/rc.new" "$d/rc"
  sync -f "$d" 2>/dev/null
}
case $limit in
  timeout) set -- timeout -k 2 "$seconds" "$@" ;;
  old-busybox) set -- timeout -t "$seconds" "$@" ;;
esac
{
  {
    setsid sh -c 'echo $$ >"$0/job"; exec "$@"' "$d" "$@" <&5 2>&4 4>&- 5<&-
    settle $?
  } | keep "$d/out" 4>&- >/dev/null
} 4>&1 | keep "$d/err"
find "${d%/*/*}" -mindepth 1 -maxdepth 1 -type d -mtime +7 -exec rm -rf -- {} + 2>/dev/null
