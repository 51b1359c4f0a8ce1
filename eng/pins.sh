#!/usr/bin/env bash
# Records numbers of a build, so that a change that should compute the same can be seen to: digests of modules and of one module's versions, accuracies,
# bytes, predictions and logits of small runs with seed 1, of a preservation, and of all methods of an experiment. Needs python3.
#
#   eng/pins.sh [ROOT] [>FILE]               prints the numbers of ROOT's Release build (default: this checkout's) as JSON: sorted, no times, no ids
#   eng/pins.sh [ROOT] --compare FILE        exits with 1, and prints what differs, when the build has other numbers than FILE
#   eng/pins.sh --diff FILE FILE             compares two files of numbers without running anything
#   --only NAME,NAME...                      some parts only: run-default, run-powersgd, run-hybrid, run-affine, run-aligned, experiment, preserve
#   --without-wire                           do not compare what travels (counts of bytes), for a change of the wire format
#
# preserve runs when DMKD_PINS_CHECKPOINT (a ResNet-20 checkpoint) and DMKD_PINS_IMAGES (its data set, as of --data images) are set; a part
# that FILE has and this build did not run differs. Build first: dotnet build -c Release client. Numbers are those of one machine: another
# processor may round otherwise. Takes about two minutes on two cores.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
compare='' only='' wire=yes diff=()
while [ $# -gt 0 ]; do
  case $1 in
    --compare) compare=$2; shift 2 ;;
    --diff) diff=("$2" "$3"); shift 3 ;;
    --only) only=$2; shift 2 ;;
    --without-wire) wire=no; shift ;;
    -*) sed -n '2,15s/^# \?//p' "$0" >&2; exit 2 ;;
    *) root=$(cd "$1" && pwd); shift ;;
  esac
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

difference() { # expected file, actual file
  python3 - "$1" "$2" "$wire" "$only" <<'PYTHON'
import json, sys
expected, actual = (json.load(open(name)) for name in sys.argv[1:3])
wire, only = sys.argv[3] == "yes", set(filter(None, sys.argv[4].split(",")))
def flat(value, path=()):
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None or not value:
        yield path, value
        return
    for key, part in items:
        if wire or key != "wire":
            yield from flat(part, path + (str(key),))
def part(document):
    return dict(flat({name: value for name, value in document.items() if not only or name in only}))
before, after = part(expected), part(actual)
absent = object()
missing = [name for name in sorted(expected.keys() | actual.keys()) if (name in expected) != (name in actual) and (not only or name in only)]
for name in missing:
    print(f"{name}: only in the {'first' if name in expected else 'second'}")
before, after = ({path: value for path, value in side.items() if path and path[0] not in missing} for side in (before, after))
differences = [(path, before.get(path, absent), after.get(path, absent)) for path in sorted(before.keys() | after.keys()) if before.get(path, absent) != after.get(path, absent)]
show = lambda value: "(nothing)" if value is absent else json.dumps(value)
for path, old, new in differences[:200]:
    print(f"{'/'.join(path)}: {show(old)} -> {show(new)}")
parts = {}
for path, _, _ in differences:
    parts[path[0]] = parts.get(path[0], 0) + 1
print(f"{len(differences)} of {len(before | after)} numbers differ" + "".join(f"; {name}: {count}" for name, count in parts.items()))
sys.exit(1 if differences or missing else 0)
PYTHON
}

if [ ${#diff[@]} -gt 0 ]; then
  difference "${diff[@]}"
  exit
fi

program=$root/artifacts/bin/Dmkd.Client/release/dmkd.dll
[ -f "$program" ] || { echo "pins.sh: $program is missing; dotnet build -c Release client" >&2; exit 2; }

wanted() { [ -z "$only" ] || [[ ",$only," == *",$1,"* ]]; }
unset DMKD_HOME DMKD_CLUSTER DMKD_CERTIFICATES OTEL_EXPORTER_OTLP_ENDPOINT
dmkd() { # file for standard output, arguments...
  local file=$1
  shift
  dotnet "$program" "$@" >"$file" 2>"$work/error" || { echo "pins.sh: dmkd $* failed:" >&2; tail -n 20 "$work/error" >&2; exit 1; }
}

# Two pictures that need no library: a disc and stripes, 32x32.
python3 - "$work" <<'PYTHON'
import struct, sys, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def picture(name, colour):
    rows = b"".join(b"\0" + b"".join(bytes(colour(x, y)) for x in range(32)) for y in range(32))
    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    open(f"{sys.argv[1]}/{name}.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
picture("disc", lambda x, y: (200, 60, 40) if (x - 16) ** 2 + (y - 16) ** 2 < 100 else (30, 90, 160))
picture("stripes", lambda x, y: (240, 220, 10 * (x % 8)) if (x + y) % 6 < 3 else (20, 5 * y, 60))
PYTHON

library() { # part, home, predict's options...
  local part=$1 home=$2
  shift 2
  dmkd "$work/$part.modules" modules list --home "$home" --json
  dmkd "$work/$part.versions" modules show expert-1 --home "$home" --json
  dmkd "$work/$part.predict" predict "$work/disc.png" "$work/stripes.png" --home "$home" --json "$@"
}

run() { # part, options...
  local part=$1
  shift
  wanted "$part" || return 0
  echo "$part" >&2
  dmkd "$work/$part.json" run --home "$work/$part" --id pins --seed 1 --train-per-class 24 --test-per-class 30 --rounds 2 --epochs 1 --batch-size 16 \
    --legacy-epochs 2 --widths 6,12,12,12 --longest-wait 1800 --shortest-wait 1800 --json "$@"
  library "$part" "$work/$part"
}

run run-default --tasks 3 --nodes 3 --legacy-tasks 2
run run-powersgd --tasks 2 --nodes 4 --legacy-tasks 1 --compressor powersgd --rank 2 --fp16 --error-feedback --max-drop 0.9 --no-baseline
run run-hybrid --tasks 2 --nodes 2 --legacy-tasks 1 --gate hybrid --exemplars 40 --calibration none --top 2 --beta 0.3 --merge-rule clipped --no-baseline
run run-affine --tasks 3 --nodes 2 --legacy-tasks 1 --calibration affine --exemplars 40 --score energy --views 8 --unknown-output --lambda 0.5 \
  --start-from similar --all-rotations false --fp16 --no-baseline
run run-aligned --tasks 2 --nodes 3 --legacy-tasks 0 --own-first-weights --align --reestimate-batch-norm --merge-rule trimmed --merge-every 2 --compressor dense \
  --outer-learning-rate 0.7 --outer-momentum 0.9 --gate mlp --exemplars 40 --calibration none --no-baseline

if wanted experiment; then
  echo "experiment" >&2
  dmkd "$work/experiment.json" experiment run "$here/pins.yaml" --output "$work/experiment" --jobs 2 --json
fi

if wanted preserve; then
  if [ -n "${DMKD_PINS_CHECKPOINT:-}" ] && [ -n "${DMKD_PINS_IMAGES:-}" ]; then
    echo "preserve" >&2
    network=(--checkpoint "$DMKD_PINS_CHECKPOINT" --architecture resnet20 --normalize imagenet)
    images=(--data images --data-path "$DMKD_PINS_IMAGES")
    dmkd "$work/preserve.evaluate" evaluate "${network[@]}" "${images[@]}" --test-per-class 20 --logits "$work/preserve.logits" --json
    dmkd "$work/preserve.convert" convert "${network[@]:0:4}" --output "$work/preserve.safetensors" --json
    dmkd "$work/preserve.json" preserve "${network[@]}" "${images[@]}" --home "$work/preserve" --library pins --seed 1 --train-per-class 20 --test-per-class 20 \
      --calibration-per-class 10 --epochs 1 --gate-epochs 1 --json
    library preserve "$work/preserve" --views 1
  else
    echo "preserve: left out; DMKD_PINS_CHECKPOINT and DMKD_PINS_IMAGES are not set" >&2
  fi
fi

python3 - "$work" >"$work/pins.json" <<'PYTHON'
import glob, hashlib, json, os, sys
work = sys.argv[1]
read = lambda name: json.load(open(f"{work}/{name}"))
def some(document, *names):
    return {name: document[name] for name in names}
def result(row):
    pins = some(row, "accuracyMatrix", "finalAccuracy", "taskIncrementalAccuracy", "macroF1", "forgetting", "taskDetectionRate", "parameters", "macsPerInput", "exemplars")
    return pins | {"wire": some(row, "bytesUp", "bytesDown", "denseBytes", "routingBytes")}
def version(of):
    shares = [some(contribution, "nodeId", "sampleCount", "weight") for contribution in of["contributions"]]
    payloads = [some(contribution, "nodeId", "payloadBytes") for contribution in of["contributions"]]
    return some(of, "number", "digest", "bytes", "parentDigest", "round", "rule", "metrics", "refusals") | {"contributions": shares, "wire": payloads}
def module(of):
    return some(of, "version", "architecture", "parameters", "multiplyAdds", "bytes", "meanEntropy", "classes", "digest", "lineage")
def predictions(part):
    return [{**row, "image": os.path.basename(row["image"])} for row in read(f"{part}.predict")]
def library(part):
    modules = {of["name"]: module(of) for of in read(f"{part}.modules")}
    return {"modules": modules, "versions": [version(of) for of in read(f"{part}.versions")["versions"]], "predict": predictions(part)}
pins = {}
for name in glob.glob(f"{work}/run-*.json"):
    part = os.path.basename(name)[:-len(".json")]
    run = read(f"{part}.json")
    pins[part] = result(run) | {"legacyAccuracy": run["legacyAccuracy"], "baselines": {row["method"]: result(row) for row in run["baselines"]}} | library(part)
if os.path.exists(f"{work}/experiment.json"):
    cells = [json.load(open(name)) for name in glob.glob(f"{work}/experiment/cells/*.json")]
    pins["experiment"] = {cell["method"]: result(cell) for cell in cells}
if os.path.exists(f"{work}/preserve.json"):
    report = read("preserve.json")
    experts = [some(of, "name", "role", "cluster", "classes", "architecture", "widths", "parameters", "multiplyAdds", "importanceShare", "cutDigest", "digest",
                    "accuracyBefore", "accuracyAfter", "legacyAccuracy", "entropySum", "entropyCount", "steps", "bytes") for of in report["modules"]]
    legacy = some(report["legacy"], "digest", "architecture", "accuracy", "parameters", "multiplyAdds", "surrogateAccuracy")
    pins["preserve"] = some(report, "classNames", "routed", "importanceByClass", "testImages") | {"legacy": legacy, "experts": experts,
        "evaluate": read("preserve.evaluate"), "convert": some(read("preserve.convert"), "digest", "bytes", "tensors"),
        "logits": hashlib.sha256(open(f"{work}/preserve.logits", "rb").read()).hexdigest()} | library("preserve")
print(json.dumps(pins, indent=1, sort_keys=True, ensure_ascii=False))
PYTHON

if [ -n "$compare" ]; then difference "$compare" "$work/pins.json"; else cat "$work/pins.json"; fi
