# Ends a step and makes sure: $4 seconds between TERM and KILL, $5 `sudo` where the command runs as another user.
grace=$4 sudo=$5
say here "$(boot_now)"
place || { say lost "$why"; exit 0; }
look
case $state in none) bar ;; esac
case $state in alive*) ;; *) say "$state"; exit 0 ;; esac
read -r group <"$d/job" || { say "$state"; exit 0; }
send() {
  kill -s "$1" -- "-$group" 2>/dev/null
  [ -z "$sudo" ] || sudo -n -- kill -s "$1" -- "-$group" >/dev/null 2>&1 </dev/null
}
wait_for() {
  n=0
  until [ -e "$d/rc" ] || [ "$n" -ge "$1" ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || { sleep 1; n=$((n + 9)); }; done
  [ -e "$d/rc" ]
}
say sent TERM
send TERM
wait_for "$((grace * 10))" || { say sent KILL; send KILL; wait_for 20; }
if kill -0 -- "-$group" 2>/dev/null; then say sent KILL; send KILL; fi
look
say "$state"
