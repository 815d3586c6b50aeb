# Starts a step once, and follows it: $4 bytes of stdin, $5 blocks of output, $6 seconds, $7 hold.sh, the rest: the command.
size=$4 blocks=$5 seconds=$6 hold=$7
shift 7
if timeout -k 1 1 true; then limit=timeout
elif timeout -t 1 true; then limit=old-busybox
else limit=none
fi 2>/dev/null
why=''
command -v setsid >/dev/null 2>&1 || why='no setsid there'
if [ -n "$why" ] || ! place; then # run it as a read is run
  say bare "$why"
  case $limit in
    timeout) set -- timeout -k 2 "$seconds" "$@" ;;
    old-busybox) set -- timeout -t "$seconds" "$@" ;;
  esac
  exec "$@"
fi
if [ "$size" -gt 0 ]; then
  cat >"$d/in"
  [ "$(wc -c <"$d/in")" -eq "$size" ] || { rm -f "$d/in"; say never 'its input did not arrive whole'; exit 125; }
fi
own='' # asked before there is a start: it takes seconds, in which a lost channel is no death
if is_killed && own_scope; then own='systemd-run --user --scope --quiet --collect --'; fi
boot=$(boot_now)
(set -C; echo "${boot:--}" >"$d/start") 2>/dev/null || refuse 'it was started before; nothing is started twice'
: >"$d/out"
: >"$d/err"
setsid $own sh -c "$hold" opsconsole "$d" "$blocks" "$seconds" "$limit" "${boot:--}" "$@" </dev/null >/dev/null 2>&1 &
say started "$!" "${boot:--}"
follow
