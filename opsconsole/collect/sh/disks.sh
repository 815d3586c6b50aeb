# Disks and file systems as a person reads them. $1 is the nonce.
n=$1
LC_ALL=C
PATH=${OPSC_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export LC_ALL PATH
r=${OPSC_ROOT:-}
t=
timeout 1 true >/dev/null 2>&1 && t='timeout 5'
printf '\036%s disks\n' "$n"
$t df -P -h -l 2>/dev/null || $t df -P -k
echo
$t df -P -i -l 2>/dev/null
if command -v lsblk >/dev/null 2>&1; then
echo
$t lsblk -o NAME,SIZE,TYPE,FSTYPE,MOUNTPOINT 2>/dev/null
fi
if [ -r "$r/proc/mdstat" ]; then
echo
cat "$r/proc/mdstat" 2>/dev/null
fi
printf '\036%s end\n' "$n"
