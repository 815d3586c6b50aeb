# Shows what a step says until its end, and says how it ended.
nap() {
  n=$((n + 1))
  case $n in ? | 1?) t=0.03 ;; ?? ) t=0.1 ;; *) t=0.4 ;; esac
  sleep "$t" 2>/dev/null || sleep 1
}
follow() {
  exec 3<"$d/out" 4<"$d/err"
  n=0
  until [ -e "$d/rc" ]; do
    cat <&3
    cat <&4 >&2
    nap
    case $n in *0) look; case $state in alive*) ;; *) break ;; esac ;; esac
  done
  n=0
  until [ -e "$d/out.end" ] && [ -e "$d/err.end" ] || [ "$n" -ge 25 ]; do nap; done
  cat <&3
  cat <&4 >&2
  look
  say "$state"
}
