#!/usr/bin/env bash
# What certificates cost: the same small run, alternately in a cluster of three silos without and in one with mutual TLS, both over one PostgreSQL.
# Usage: bash eng/evidence/tls.sh [repeats]. Prints each run and the medians of wall and processor time, silos and console together. Build first:
#   dotnet build -c Release silo && dotnet build -c Release client
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=${1:-7}
. eng/database.sh
dmkd=$PWD/artifacts/bin/Dmkd.Client/release/dmkd silo=$PWD/artifacts/bin/Dmkd.Silo/release/dmkd-silo
work=$(mktemp -d /tmp/dmkd-tls-XXXXXX)
chmod 755 "$work"
declare -A pids=([plain]="" [tls]="")
cleanup() {
  for pid in ${pids[plain]} ${pids[tls]}; do kill -9 "$pid" && wait "$pid"; done 2>/dev/null || true
  stop_database "$work/db" || true
  rm -rf "$work"
}
trap cleanup EXIT
start_database "$work/db" plain
(cd / && as_database_user "$(database_programs)/createdb" -h 127.0.0.1 -p "$database_port" -U dmkd tls)
connection() { echo "Host=127.0.0.1;Port=$database_port;Database=$1;Username=dmkd"; }

(cd "$work" && "$dmkd" certs create-authority --output authority && "$dmkd" certs issue --authority authority --role operator --name anna &&
  for i in 1 2 3; do "$dmkd" certs issue --authority authority --role silo --name "silo-$i"; done) >/dev/null
for i in 1 2 3; do
  for cluster in plain tls; do
    certificates=()
    [ "$cluster" = plain ] || certificates=("Dmkd__Certificates=$work/silo-$i")
    env "${certificates[@]}" Logging__LogLevel__Default=Warning Dmkd__Cluster="$(connection $cluster)" Dmkd__SiloPort="$(free_port)" Dmkd__GatewayPort="$(free_port)" Dmkd__HttpPort=0 "$silo" >"$work/$cluster$i.log" 2>&1 &
    pids[$cluster]+=" $!"
  done
done
for cluster in plain tls; do
  for _ in $(seq 60); do
    [ "$(cd / && as_database_user "$(database_programs)/psql" -h 127.0.0.1 -p "$database_port" -U dmkd -Atc 'SELECT count(*) FROM OrleansMembership WHERE Status=3' $cluster 2>/dev/null)" = 3 ] && break
    sleep 1
  done
done

ticks() { awk '{ sum += $14 + $15 } END { print sum }' $(printf '/proc/%s/stat ' ${pids[$1]}); }
one() { # cluster, run
  local certificates=() before seconds
  [ "$1" = plain ] || certificates=(--certificates "$work/anna")
  before=$(ticks "$1")
  TIMEFORMAT="%R %U %S"
  { time "$dmkd" run --cluster "$(connection "$1")" "${certificates[@]}" --id "$2" --train-per-class 24 --test-per-class 10 --tasks 2 --nodes 3 --rounds 6 --epochs 1 \
    --legacy-tasks 1 --legacy-epochs 1 --compressor dense --no-baseline --json >/dev/null 2>"$work/err" || cat "$work/err" >&2; } 2>"$work/time"
  read -r wall user system <"$work/time"
  seconds=$(python3 -c "print(($(ticks "$1") - $before) / $(getconf CLK_TCK) + $user + $system)")
  for pid in ${pids[$1]}; do kill -0 "$pid" 2>/dev/null || { echo "a silo ended by itself; the machine is too busy, or: $(tail -qn 1 "$work/$1"?.log)" >&2; exit 1; }; done
  echo "$wall $seconds" >>"$work/of-$1"
  echo "$1: wall, processor: $wall $seconds"
}

one plain warm-p && one tls warm-t && rm "$work"/of-*
for n in $(seq "$repeats"); do
  one plain "run-$n"
  one tls "run-$n"
done
python3 - "$work/of-plain" "$work/of-tls" <<'PYTHON'
import statistics, sys
plain, tls = ([tuple(map(float, line.split())) for line in open(name)] for name in sys.argv[1:])
median = lambda rows, i: statistics.median(row[i] for row in rows)
print(f"medians of {len(plain)}: wall {median(tls, 0) / median(plain, 0):.3f}, processor {median(tls, 1) / median(plain, 1):.3f}")
PYTHON
