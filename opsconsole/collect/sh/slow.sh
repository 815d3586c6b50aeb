# The slow tier, once a minute. $1 is the nonce, behind it are units that restarted lately. A command that is missing leaves its section out.
n=$1
shift
LC_ALL=C
PATH=${OPSC_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LC_ALL PATH
r=${OPSC_ROOT:-}
t=
timeout 1 true >/dev/null 2>&1 && t='timeout 5'
section() { printf '\036%s %s\n' "$n" "$1"; }
has() { command -v "$1" >/dev/null 2>&1; }
a=$(
section mounts
awk '$2 == "/" || $3 !~ /^(proc|sysfs|cgroup2?|devpts|devtmpfs|tmpfs|ramfs|mqueue|debugfs|tracefs|securityfs|pstore|bpf|configfs|fusectl|hugetlbfs|autofs|nsfs|rpc_pipefs|binfmt_misc|efivarfs|overlay|squashfs|iso9660|udf|erofs|fuse\..*)$/' "$r/proc/mounts" 2>/dev/null
if has df; then
section df
d=$($t df -P -k -l 2>/dev/null)
[ -n "$d" ] || d=$($t df -P -k 2>/dev/null)
printf '%s\n' "$d"
section inodes
$t df -P -i -l 2>/dev/null
fi
if [ -r "$r/proc/mdstat" ]; then
section mdstat
cat "$r/proc/mdstat" 2>/dev/null
fi
if has systemctl; then
u=$($t systemctl --failed --state=auto-restart --no-legend --plain --no-pager 2>/dev/null) && { section units; printf '%s\n' "$u"; }
case $u in *' auto-restart '*)
set -f
set -- "$@" $(printf '%s\n' "$u" | awk '/ auto-restart / { sub(/^[^A-Za-z0-9@_:.-]+/, ""); if (++c <= 20) print $1 }')
set +f
esac
if [ $# -gt 0 ]; then
section restarts
$t systemctl show -p Id -p NRestarts -- "$@" 2>/dev/null
fi
fi
if [ -r "$r/proc/sys/net/netfilter/nf_conntrack_count" ]; then
section conntrack
cat "$r/proc/sys/net/netfilter/nf_conntrack_count" "$r/proc/sys/net/netfilter/nf_conntrack_max" 2>/dev/null
fi
section links
grep . "$r"/sys/class/net/*/operstate "$r"/sys/class/net/*/speed "$r"/sys/class/net/*/carrier_changes /dev/null 2>/dev/null
section bonds
grep -E '^(Slave Interface|MII Status):' "$r"/proc/net/bonding/* /dev/null 2>/dev/null
section pids
cat "$r/proc/sys/kernel/pid_max" "$r/proc/sys/kernel/threads-max" "$r/proc/loadavg" 2>/dev/null
section edac
grep . "$r"/sys/devices/system/edac/mc/mc*/ce_count "$r"/sys/devices/system/edac/mc/mc*/ue_count /dev/null 2>/dev/null
section temps
cat "$r"/sys/class/hwmon/hwmon*/temp*_input 2>/dev/null || cat "$r"/sys/class/thermal/thermal_zone*/temp 2>/dev/null
section states
set -- "$r"/proc/[0-9]*
if [ $# -gt 2000 ]; then
echo "skipped $#"
else
cat "$r"/proc/[0-9]*/stat 2>/dev/null | awk '{ sub(/^.*\) /, ""); if ($1 ~ /^[A-Za-z]$/) c[$1]++ } END { for (k in c) print k, c[k] }' 2>/dev/null
fi
section ntp
if [ -e "$r/run/systemd/timesync/synchronized" ]; then
echo NTPSynchronized=yes
elif has chronyc; then
$t chronyc -n -c tracking 2>/dev/null
elif has timedatectl; then
$t timedatectl show -p NTPSynchronized 2>/dev/null
elif has ntpq; then
$t ntpq -c rv 2>/dev/null
fi
if has who; then
section who
$t who 2>/dev/null | head -n 200
fi
)
printf '%s\n\036%s end\n' "$a" "$n"
