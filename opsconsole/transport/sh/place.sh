# Finds the folder of one step: $1 token of our own words, $2 run, $3 step. Functions: say, refuse, place.
umask 077
token=$1 run=$2 step=$3
say() { printf '\036%s %s\n' "$token" "$*" >&2; }
refuse() { say refused "$*"; exit 125; }
ours() { # a folder that is ours alone; made when missing; false: it cannot be had
  [ ! -L "$1" ] || refuse "$1 is a symbolic link"
  [ -d "$1" ] || mkdir "$1" 2>/dev/null || [ -d "$1" ] || return 1
  [ ! -L "$1" ] && [ -O "$1" ] || refuse "$1 belongs to somebody else"
}
place() { # sets $base and $d; false: this account cannot keep anything here, and $why
  home=${HOME:-} base=${HOME%/}/.opsc
  case $home in /*) ;; *) why='no home folder'; return 1 ;; esac
  ours "$base" || { why="$base cannot be written"; return 1; }
  case $(ls -ld "$base") in drwx------*) ;; *) chmod 700 "$base" 2>/dev/null || refuse "$base is open to others" ;; esac
  d=$base/$run/$step
  ours "$base/$run" && ours "$d" || { why="$base cannot be written"; return 1; }
}
boot_now() { cat "${OPSC_ROOT:-}/proc/sys/kernel/random/boot_id" 2>/dev/null; }
