#!/usr/bin/env bash
# Restores, builds, checks the format and runs all tests; prints what they cover of the rules, and ends with a line "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dotnet build Dmkd.sln -c Release || exit 1
dotnet tool restore || exit 1
dotnet csharpier check . || { echo "Run: dotnet csharpier format ."; exit 1; }

log=$(mktemp)
export DMKD_COVERAGE=$(mktemp -d) # read by tests/Directory.Build.targets
trap 'rm -rf "$log" "$DMKD_COVERAGE"' EXIT
dotnet test --solution Dmkd.sln -c Release --no-build 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
awk -f eng/coverage.awk "$DMKD_COVERAGE"/*.info

# The runner's own totals: "total: 10", "failed: 0", "succeeded: 10", "skipped: 0".
total() { grep -oE "^ *$1: [0-9]+" "$log" | tail -n 1 | grep -oE '[0-9]+' || echo 0; }
passed=$(total succeeded)
failed=$(total failed)
skipped=$(total skipped)
echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
