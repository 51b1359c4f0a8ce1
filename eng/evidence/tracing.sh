#!/usr/bin/env bash
# What tracing costs: the same small run, alternately without and with export of spans, logs and metrics to a receiver on this machine.
# Usage: bash eng/evidence/tracing.sh [repeats]. Prints each run and the medians of wall and processor time.
set -euo pipefail
cd "$(dirname "$0")/../.."
repeats=${1:-7}
work=$(mktemp -d)
python3 - "$work/port" <<'PYTHON' &
import http.server, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
open(sys.argv[1], "w").write(str(server.server_port))
server.serve_forever()
PYTHON
receiver=$!
trap 'kill $receiver; rm -rf "$work"' EXIT
until [ -s "$work/port" ]; do sleep 0.1; done

one() { # name, environment...
  local name=$1 home
  shift
  home=$(mktemp -d -p "$work")
  TIMEFORMAT="%R %U %S"
  { time env "$@" artifacts/bin/Dmkd.Client/release/dmkd run --home "$home" --id traced --train-per-class 24 --test-per-class 10 --tasks 2 --nodes 4 --rounds 4 --epochs 1 \
    --legacy-tasks 1 --legacy-epochs 1 --no-baseline --json >/dev/null 2>"$work/err" || cat "$work/err" >&2; } 2>>"$work/$name"
  rm -rf "$home"
  echo "$name: wall, user, system: $(tail -n 1 "$work/$name")"
}

one warm-up
for _ in $(seq "$repeats"); do
  one off
  one on OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$(cat "$work/port")" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf Logging__OpenTelemetry__LogLevel__Default=Information
done
python3 - "$work/off" "$work/on" <<'PYTHON'
import statistics, sys
off, on = ([tuple(map(float, line.split())) for line in open(name)] for name in sys.argv[1:])
median = lambda rows, of: statistics.median(map(of, rows))
wall, cpu = lambda row: row[0], lambda row: row[1] + row[2]
print(f"medians of {len(off)}: wall {median(on, wall) / median(off, wall):.3f}, processor {median(on, cpu) / median(off, cpu):.3f}")
PYTHON
