# Addresses, listeners and device counters. $1 is the nonce.
n=$1
LC_ALL=C
PATH=${OPSC_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LC_ALL PATH
r=${OPSC_ROOT:-}
t=
timeout 1 true >/dev/null 2>&1 && t='timeout 5'
has() { command -v "$1" >/dev/null 2>&1; }
printf '\036%s net\n' "$n"
if has ip; then $t ip -br addr 2>/dev/null; elif has ifconfig; then $t ifconfig -a 2>/dev/null; fi
if has ss; then
echo
$t ss -s 2>/dev/null
echo
$t ss -tln 2>/dev/null | head -n 100
fi
echo
cat "$r/proc/net/dev" 2>/dev/null
printf '\036%s end\n' "$n"
