# The newest log lines. $1 is the nonce, $2 how many.
n=$1
LC_ALL=C
PATH=${OPSC_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LC_ALL PATH
r=${OPSC_ROOT:-}
printf '\036%s logs\n' "$n"
if command -v journalctl >/dev/null 2>&1; then
journalctl -n "$2" --no-pager -q -o short-iso 2>&1
else
for f in "$r/var/log/syslog" "$r/var/log/messages"; do
[ -r "$f" ] && { tail -n "$2" "$f" 2>/dev/null; break; }
done
fi
printf '\036%s end\n' "$n"
