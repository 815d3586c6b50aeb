"""The questions a host asks for us: constant scripts whose values arrive as arguments, found tools first.

Each ends with status 127 when the host has no tool for it. Where a time is taken, the last line is
`\\036 BEGIN END` in nanoseconds; a `date` without %N leaves it unreadable, and then our own time counts.
"""

from typing import Final

HTTP: Final = """\
command -v curl >/dev/null 2>&1 || exit 127
exec curl -K -
"""
"""A curl configuration comes on stdin: no header, and so no secret, is on a command line."""

TCP: Final = """\
a=$(date +%s%N)
if command -v bash >/dev/null 2>&1; then
  timeout "$3" bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2"; s=$?
elif command -v nc >/dev/null 2>&1; then
  nc -z -w "$3" "$1" "$2"; s=$?
else exit 127
fi
printf '\\036 %s %s\\n' "$a" "$(date +%s%N)"
exit $s
"""

SSH: Final = """\
a=$(date +%s%N)
if command -v bash >/dev/null 2>&1; then
  timeout "$3" bash -c 'exec 3<>"/dev/tcp/$1/$2" && IFS= read -r l <&3 && printf "%s\\n" "$l"' bash "$1" "$2"; s=$?
elif command -v nc >/dev/null 2>&1; then
  nc -w "$3" "$1" "$2" </dev/null | head -n 1; s=$?
else exit 127
fi
printf '\\036 %s %s\\n' "$a" "$(date +%s%N)"
exit $s
"""

TLS: Final = """\
command -v openssl >/dev/null 2>&1 || exit 127
a=$(date +%s%N)
timeout "$3" openssl s_client -connect "$1" -servername "$2" "$4" "$2" -showcerts </dev/null 2>&1; s=$?
printf '\\036 %s %s\\n' "$a" "$(date +%s%N)"
exit $s
"""

DNS: Final = """\
command -v dig >/dev/null 2>&1 || exit 127
exec dig +tries=1 +noall +comments +answer +stats "$@"
"""

PING: Final = """\
command -v ping >/dev/null 2>&1 || exit 127
exec ping -n -q -c 3 -W "$2" "$1" 2>&1
"""
