#!/usr/bin/env bash
# Restores, builds, checks the format and runs all tests; ends with a line "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet build Dmkd.sln -c Release || exit 1
dotnet format Dmkd.sln --verify-no-changes --no-restore || { echo "Run: dotnet format Dmkd.sln"; exit 1; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet test --solution Dmkd.sln -c Release --no-build 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

# The runner's own totals: "total: 10", "failed: 0", "succeeded: 10", "skipped: 0".
total() { grep -oE "^ *$1: [0-9]+" "$log" | tail -n 1 | grep -oE '[0-9]+' || echo 0; }
passed=$(total succeeded)
failed=$(total failed)
skipped=$(total skipped)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
