#!/usr/bin/env bash
# Four parties with a folder each grow one library: against each alone, all data pooled at one node, and one network for all classes (federated averaging). Four silos with
# certificates over one PostgreSQL; where `unshare -m` may be used, each sees an empty folder in place of every other party's. Between the first two lessons every silo is
# ended and started again, in the second lesson one is killed and started again, and in the third one party is away.
# Usage: bash eng/evidence/parties.sh DATA [options of library create]. DATA has photo, art_painting, cartoon and sketch, each with train/ and test/ class folders.
#   Build first: dotnet build -c Release silo && dotnet build -c Release client
set -euo pipefail
data=$(realpath "$1") && shift
cd "$(dirname "$0")/../.."
options=("$@")
. eng/database.sh
dmkd=$PWD/artifacts/bin/Dmkd.Client/release/dmkd silo=$PWD/artifacts/bin/Dmkd.Silo/release/dmkd-silo
parties=(photo art_painting cartoon sketch)
lessons=(dog,elephant,giraffe guitar,horse house,person)
work=$(mktemp -d /tmp/dmkd-parties-XXXXXX)
chmod 711 "$work"
declare -A pids=()
cleanup() {
  for party in "${!pids[@]}"; do kill -9 "${pids[$party]}" && wait "${pids[$party]}"; done 2>/dev/null || true
  stop_database "$work/db" || true
  rm -rf "$work"
}
trap cleanup EXIT
start_database "$work/db" parties
cluster="Host=127.0.0.1;Port=$database_port;Database=parties;Username=dmkd"
(cd "$work" && "$dmkd" certs create-authority --output authority && "$dmkd" certs issue --authority authority --role operator --name anna &&
  for party in "${parties[@]}" pooled; do "$dmkd" certs issue --authority authority --role silo --name "$party"; done) >/dev/null

mkdir -p "$work"/data/pooled/{train,test}
for party in "${parties[@]}"; do
  cp -r --no-preserve=mode "$data/$party" "$work/data/$party"
  for part in train test; do
    for class in "$data/$party/$part"/*/; do
      mkdir -p "$work/data/pooled/$part/$(basename "$class")"
      for file in "$class"*; do ln "$work/data/$party/$part/$(basename "$class")/$(basename "$file")" "$work/data/pooled/$part/$(basename "$class")/$party-$(basename "$file")"; done
    done
  done
done

mkdir "$work/nothing"
unshare -m true 2>/dev/null || echo "unshare -m may not be used here: the parties' folders are not kept apart" >&2
alone() { # party, command...: the others' folders are empty for it
  local own=$1 hide="" other
  shift
  if [ "$own" = pooled ] || ! unshare -m true 2>/dev/null; then exec "$@"; fi
  for other in "${parties[@]}" pooled; do [ "$other" = "$own" ] || hide+="mount --bind '$work/nothing' '$work/data/$other' && "; done
  exec unshare -m sh -c "$hide"'exec "$@"' sh "$@"
}
start() { # party
  rm -f "$work/$1.log" # what the silo before it said does not count
  Logging__LogLevel__Default=Warning Logging__LogLevel__Dmkd=Information Dmkd__Cluster=$cluster Dmkd__Certificates=$work/$1 Dmkd__SiloPort=$(free_port) Dmkd__GatewayPort=$(free_port) \
    Dmkd__HttpPort=0 Dmkd__Nodes__0__Name=$1 Dmkd__Nodes__0__Data=$work/data/$1 alone "$1" "$silo" >"$work/$1.log" 2>&1 &
  pids[$1]=$!
  for _ in $(seq 120); do grep -qs "Node $1: offered" "$work/$1.log" && return; sleep 0.5; done
  cat "$work/$1.log" >&2
  return 1
}
stop() { kill "${2:--TERM}" "${pids[$1]}" && { wait "${pids[$1]}" || true; } && unset "pids[$1]"; }
console() { "$dmkd" "$@" --cluster "$cluster" --certificates "$work/anna"; }
create() { console library create "$1" "${options[@]}" >/dev/null; }
lesson() { console learn "$1" --classes "$2" ${3:+--nodes "$3"} --json 2>>"$work/progress"; }
in_round() { # library, task, round: waits until it is there
  for _ in $(seq 300); do
    console runs show "$1" --json 2>>"$work/progress" | python3 -c 'import json, sys
run, task, number = json.load(sys.stdin), *map(int, sys.argv[1:])
sys.exit(run["task"] != task or (run["round"] or 0) < number or run["state"] != "running")' "$2" "$3" && return
    sleep 0.2
  done
  echo "$1 was never seen in round $3 of task $2" >&2
  return 1
}
accuracies() { python3 -c 'import json, sys
own = json.load(sys.stdin)
told = [(node["node"], node["accuracy"]) for node in own["nodes"] if node["accuracy"] is not None] + [("together", own["accuracy"])]
print(" | ".join(f"{name} {100 * accuracy:.1f}" for name, accuracy in told))'; }

for party in "${parties[@]}"; do start "$party"; done
create common
all=$(IFS=,; echo "${parties[*]}")
echo "common, ${lessons[0]}: $(lesson common "${lessons[0]}" "$all" | accuracies)"
for party in "${parties[@]}"; do stop "$party"; done
for party in "${parties[@]}"; do start "$party"; done
lesson common "${lessons[1]}" "$all" >"$work/second" &
learning=$!
in_round common 2 2
stop cartoon -9 && start cartoon
wait $learning
echo "common, ${lessons[1]}, cartoon killed: $(accuracies <"$work/second")"
stop art_painting
lesson common "${lessons[2]}" photo,cartoon,sketch >/dev/null
start art_painting
row() { # library
  printf '%s' "$1"
  for party in "${parties[@]}"; do
    console evaluate --library "$1" --data-path "$work/data/$party" --json 2>>"$work/progress" | python3 -c 'import json, sys; print(" | %.1f" % (100 * json.load(sys.stdin)["accuracy"]), end="")'
  done
  echo
}
create network && lesson network "$(IFS=,; echo "${lessons[*]}")" "$all" >/dev/null
for party in "${parties[@]}"; do
  create "alone-$party"
  for classes in "${lessons[@]}"; do lesson "alone-$party" "$classes" "$party" >/dev/null; done
done
start pooled
create pooled
for classes in "${lessons[@]}"; do lesson pooled "$classes" pooled >/dev/null; done
echo "library | ${parties[0]} | ${parties[1]} | ${parties[2]} | ${parties[3]}"
for library in common network "alone-${parties[0]}" "alone-${parties[1]}" "alone-${parties[2]}" "alone-${parties[3]}" pooled; do row "$library"; done
