# Takes up a step again: shows what it says from its beginning, and how it ended. $4: follow, or only look.
say here "$(boot_now)"
place || { say lost "$why"; exit 0; }
look
case $state in none) bar ;; esac
case $4:$state in
  follow:alive* | *:rc*) [ ! -r "$d/out" ] || follow ;;
  *) say "$state" ;;
esac
