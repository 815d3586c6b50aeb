# Processes twice, a second apart, for real processor shares (the tick counts of one look are
# lifetime averages). $1 is the nonce.
n=$1
LC_ALL=C
PATH=${OPSC_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LC_ALL PATH
r=${OPSC_ROOT:-}
look() {
cat "$r/proc/uptime" 2>/dev/null
cat "$r"/proc/[0-9]*/stat 2>/dev/null | awk '{ p = $1; l = $0; sub(/^[^(]*\(/, "", l); c = l; sub(/\) [^)]*$/, "", c); sub(/^.*\) /, "", l); if (split(l, f, " ") > 21) print p, f[1], f[12] + f[13], f[22], f[18], c }'
}
printf '\036%s units\n' "$n"
getconf CLK_TCK 2>/dev/null || echo 100
getconf PAGESIZE 2>/dev/null || echo 4096
printf '\036%s cores.before\n' "$n"
grep '^cpu[0-9]' "$r/proc/stat" 2>/dev/null
printf '\036%s before\n' "$n"
look
sleep 1
printf '\036%s cores.after\n' "$n"
grep '^cpu[0-9]' "$r/proc/stat" 2>/dev/null
printf '\036%s after\n' "$n"
look
printf '\036%s end\n' "$n"
