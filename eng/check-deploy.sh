#!/usr/bin/env bash
# Checks the files that a cluster is deployed by, without a Docker engine. All checks, or those named: compose prometheus collector
# dashboard. Ends with 1 when something is wrong, and with 77 when a tool is missing.
set -uo pipefail
cd "$(dirname "$0")/.."
status=0

need() {
  command -v "$1" >/dev/null && return 0
  echo "$2: skipped, no $1 (Debian's $3 has it)"
  [ "$status" -eq 1 ] || status=77
  return 1
}

said() { # name, exit code
  if [ "$2" -eq 0 ]; then echo "$1: fine"; else echo "$1: WRONG"; status=1; fi
}

check_compose() {
  need docker-compose compose docker-compose || return
  docker-compose -f docker-compose.yml config -q
  said compose $?
  # What is mounted and what is built from must be there.
  for file in silo/Dockerfile client/Dockerfile $(grep -oE '\./eng/compose/[^:]+' docker-compose.yml); do
    [ -e "$file" ] || { echo "docker-compose.yml names $file, which does not exist"; status=1; }
  done
}

check_prometheus() {
  need promtool prometheus prometheus || return
  promtool check config eng/compose/prometheus.yml
  said prometheus $?
}

# Keys as in the documentation of each component: a collector refuses unknown ones, and components that no pipeline names.
check_collector() {
  { need python3 collector python3 && python3 -c 'import yaml' 2>/dev/null; } || { need python3-yaml collector python3-yaml; return; }
  python3 - eng/compose/collector.yaml <<'PYTHON'
import sys, yaml

# '*' stands for any name.
SERVER = {"endpoint": str, "tls": {"cert_file": str, "key_file": str, "client_ca_file": str}}
DOCUMENTED = {
    "receivers": {"otlp": {"protocols": {"grpc": SERVER, "http": SERVER}}},
    "processors": {
        "memory_limiter": {"check_interval": str, "limit_mib": int, "spike_limit_mib": int, "limit_percentage": int},
        "batch": {"timeout": str, "send_batch_size": int, "send_batch_max_size": int},
    },
    "exporters": {
        "otlp": {"endpoint": str, "tls": {"insecure": bool, "ca_file": str, "cert_file": str, "key_file": str}, "headers": {"*": str}, "compression": str},
        "prometheus": {"endpoint": str, "namespace": str, "const_labels": {"*": str}, "send_timestamps": bool, "resource_to_telemetry_conversion": {"enabled": bool}},
        "debug": {"verbosity": str},
    },
    "extensions": {"health_check": {"endpoint": str}},
}
PIPELINE = {"receivers": list, "processors": list, "exporters": list}
problems = []

def check(value, known, path):
    if isinstance(known, dict):
        if not isinstance(value, dict):
            problems.append(f"{path} must be a mapping")
            return
        for key, child in value.items():
            allowed = known.get(key, known.get("*"))
            if allowed is None: problems.append(f"{path}.{key} is not a documented key; there are {', '.join(known)}")
            else: check(child, allowed, f"{path}.{key}")
    elif not isinstance(value, known): problems.append(f"{path} must be of type {known.__name__}, not {value!r}")

config = yaml.safe_load(open(sys.argv[1]))
for kind, components in config.items():
    if kind == "service": continue
    if kind not in DOCUMENTED: problems.append(f"{kind} is no part of a collector's configuration"); continue
    for name, settings in components.items():
        known = DOCUMENTED[kind].get(name.split("/")[0])
        if known is None: problems.append(f"{kind}.{name} is not in the core distribution, or unknown here")
        elif settings is not None: check(settings, known, f"{kind}.{name}")
used = set()
pipelines = config.get("service", {}).get("pipelines", {})
if not pipelines: problems.append("service.pipelines is empty")
for name, pipeline in pipelines.items():
    if name.split("/")[0] not in ("traces", "metrics", "logs"): problems.append(f"pipeline {name} is of no signal")
    check(pipeline, PIPELINE, f"service.pipelines.{name}")
    for kind in ("receivers", "exporters"):
        if not pipeline.get(kind): problems.append(f"pipeline {name} has no {kind}")
    for kind in PIPELINE:
        for component in pipeline.get(kind, []):
            used.add((kind, component))
            if component not in config.get(kind, {}): problems.append(f"pipeline {name} names {kind}.{component}, which is not defined")
    if (pipeline.get("processors") or ["memory_limiter"])[0] != "memory_limiter": problems.append(f"pipeline {name}: memory_limiter must be the first processor")
for kind in PIPELINE:
    for component in config.get(kind, {}):
        if (kind, component) not in used: problems.append(f"{kind}.{component} is in no pipeline")
print("\n".join(problems), end="\n" if problems else "")
sys.exit(1 if problems else 0)
PYTHON
  said collector $?
}

check_dashboard() {
  need jq dashboard jq || return
  jq -e '.title and .uid and (.panels | length > 0) and ([.panels[] | select(.type != "row") | .targets[].expr] | all(length > 0))
    and ([.panels[].id] | length == (unique | length))' eng/compose/grafana/dashboards/dmkd.json >/dev/null
  said dashboard $?
}

for check in "${@:-compose prometheus collector dashboard}"; do
  for one in $check; do "check_$one"; done
done
exit "$status"
