#!/usr/bin/env bash
# Three silo processes over PostgreSQL on loopback under load: runs one after another, predictions all the while, a kill now and then.
# Prints the slope of each silo's memory by least squares, failed predictions, failed runs and lost rounds. Build first:
#   dotnet build -c Release silo && dotnet build -c Release client
# Options: --minutes N (30), --kill-every SECONDS (180; 0 for never), --keep (leave the folder). Exits with 1 when something was lost.
set -uo pipefail
cd "$(dirname "$0")/.."

minutes=30 kill_every=180 keep=no
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=$2; shift 2 ;;
    --kill-every) kill_every=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    *) echo "soak.sh: there is no option $1; there are --minutes, --kill-every and --keep" >&2; exit 2 ;;
  esac
done

silo=artifacts/bin/Dmkd.Silo/release/dmkd-silo.dll client=artifacts/bin/Dmkd.Client/release/dmkd.dll
for need in "$silo" "$client"; do
  [ -f "$need" ] || { echo "soak.sh: $need is missing" >&2; exit 2; }
done
. eng/database.sh

work=$(mktemp -d /tmp/dmkd-soak-XXXXXX)
chmod 755 "$work"

declare -a pids=() ports=() gateways=() incarnations=(0 0 0)
loader=
cleanup() {
  [ -n "$loader" ] && kill "$loader" 2>/dev/null
  for pid in "${pids[@]}"; do kill -9 "$pid" 2>/dev/null; done
  stop_database "$work/db"
  [ "$keep" = yes ] && echo "left: $work" || rm -rf "$work"
}
trap cleanup EXIT

start_database "$work/db" soak || exit
export DMKD_CLUSTER="Host=127.0.0.1;Port=$database_port;Database=soak;Username=dmkd"
export Dmkd__Cluster=$DMKD_CLUSTER Logging__LogLevel__Default=Warning

start_silo() {
  Dmkd__SiloPort=${ports[$1]} Dmkd__GatewayPort=${gateways[$1]} Dmkd__HttpPort=0 dotnet "$silo" >>"$work/silo$1.log" 2>&1 &
  pids[$1]=$!
  incarnations[$1]=$((incarnations[$1] + 1))
}
for i in 0 1 2; do ports[$i]=$(free_port); gateways[$i]=$(free_port); start_silo $i; done

run=(run --data synthetic --train-per-class 48 --test-per-class 20 --tasks 3 --nodes 3 --rounds 4 --epochs 1 --legacy-tasks 1 --legacy-epochs 1 --no-baseline)
rounds_per_run=12

# One load: runs one after another. Another: predictions, from the first finished run on.
runs() {
  for ((n = 1; ; n++)); do
    id=$(printf 'soak-%04d' "$n")
    if dotnet "$client" "${run[@]}" --id "$id" >"$work/run.log" 2>&1; then echo "$id" >>"$work/done"; else { echo "$id"; tail -n 2 "$work/run.log"; } >>"$work/failed-runs"; fi
    [ -f "$work/stop" ] && return
  done
}
predictions() {
  until [ -s "$work/done" ]; do sleep 1; [ -f "$work/stop" ] && return; done
  while [ ! -f "$work/stop" ]; do
    if dotnet "$client" predict "$work/picture.png" --library soak-0001 --json >"$work/predict.out" 2>"$work/predict.err"; then echo ok >>"$work/predicted"
    else { date; cat "$work/predict.err"; } >>"$work/failed-predictions"; fi
    sleep 1
  done
}
python3 - "$work/picture.png" <<'PY'
import struct, sys, zlib
rows = b"".join(b"\0" + bytes((x * 8, y * 8, 128)[c] for x in range(32) for c in range(3)) for y in range(32))
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
open(sys.argv[1], "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PY
(runs & predictions & wait) &
loader=$!

# Samples: seconds, silo, its incarnation, resident bytes. A killed silo's next incarnation is a line of its own.
began=$SECONDS next_kill=$((SECONDS + kill_every)) victim=0 kills=0
while [ $((SECONDS - began)) -lt $((minutes * 60)) ]; do
  sleep 5
  for i in 0 1 2; do
    kill -0 "${pids[$i]}" 2>/dev/null || { echo "silo $i ended by itself: $(tail -n 1 "$work/silo$i.log")" | tee -a "$work/ended"; start_silo $i; }
    kb=$(awk '/VmRSS/ {print $2}' "/proc/${pids[$i]}/status" 2>/dev/null) && [ -n "$kb" ] && echo "$((SECONDS - began)) $i ${incarnations[$i]} $kb" >>"$work/rss"
  done
  if [ "$kill_every" -gt 0 ] && [ "$SECONDS" -ge "$next_kill" ]; then
    kill -9 "${pids[$victim]}"; wait "${pids[$victim]}" 2>/dev/null
    start_silo $victim
    kills=$((kills + 1)) victim=$(((victim + 1) % 2)) next_kill=$((SECONDS + kill_every)) # silo 2 is never killed: its memory is watched for the whole time
  fi
done
touch "$work/stop"
for ((i = 0; i < 300; i++)); do kill -0 "$loader" 2>/dev/null || break; sleep 1; done

# Every round of a finished run has a version with all three nodes' updates: what has not was lost.
lost=0 versions=0
for id in $(tail -n 5 "$work/done" 2>/dev/null); do
  for module in expert-1 expert-2 expert-3; do
    read -r found whole < <(dotnet "$client" modules show "$module" --library "$id" --json | python3 -c '
import json, sys
versions = [v for v in json.load(sys.stdin)["versions"] if v["number"] > 1]
print(len(versions), sum(len(v["contributions"]) == 3 for v in versions))')
    versions=$((versions + found)) lost=$((lost + rounds_per_run / 3 - whole))
  done
done

count() { [ -f "$1" ] && grep -c "$2" "$1" || echo 0; }
failed_predictions=$(count "$work/failed-predictions" '^dmkd:') failed_runs=$(count "$work/failed-runs" '^soak-') ended=$(count "$work/ended" .)
echo "$minutes minutes, $kills kills; runs: $(count "$work/done" .) finished, $failed_runs failed; predictions: $(count "$work/predicted" ok) answered, $failed_predictions failed; rounds of the last runs: $versions merged, $lost lost; silos that ended by themselves: $ended"
python3 - "$work/rss" <<'PY'
import collections, sys
lines = collections.defaultdict(list)
for row in open(sys.argv[1]):
    second, silo, incarnation, kb = map(int, row.split())
    lines[silo, incarnation].append((second, kb / 1024))
for (silo, incarnation), samples in sorted(lines.items()):
    warm = [s for s in samples if s[0] >= samples[0][0] + 60]  # start and first loading left out
    if len(warm) < 12: continue
    n = len(warm); mx = sum(x for x, _ in warm) / n; my = sum(y for _, y in warm) / n
    slope = sum((x - mx) * (y - my) for x, y in warm) / sum((x - mx) ** 2 for x, _ in warm) * 3600
    print(f"silo {silo + 1}, start {incarnation}: {n} samples over {(warm[-1][0] - warm[0][0]) / 60:.1f} min, RSS {warm[0][1]:.0f} to {warm[-1][1]:.0f} MB, mean {my:.0f}, slope {slope:+.0f} MB/h")
PY
[ -f "$work/failed-predictions" ] && cat "$work/failed-predictions"
[ -f "$work/failed-runs" ] && cat "$work/failed-runs"
[ "$lost" -eq 0 ] && [ "$failed_predictions" -eq 0 ] && [ "$failed_runs" -eq 0 ] && [ "$ended" -eq 0 ]
