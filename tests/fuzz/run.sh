#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh TARGET CORPUS SEEDS RAW KEPT…: start from the recordings in SEEDS, also as RAW makes them plain, and from KEPT; fuzz for
# FUZZ_SECONDS from FUZZ_SEED (0: another each time, as check-slow does). What crashes stays in CORPUS.crash/.
set -eu
target=$1 corpus=$2 seeds=$3 raw=$4
shift 4
mkdir -p "$corpus" "$corpus.crash"
for recording in "$seeds"/*.cpd; do
	"$raw" "$recording" >"$corpus/$(basename "$recording").raw"
done
# 77, what libFuzzer ends with after a crash, is "skipped" to Meson.
exec "$target" -error_exitcode=1 -timeout_exitcode=1 -max_total_time="${FUZZ_SECONDS:-5}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
	-seed="${FUZZ_SEED:-0}" -artifact_prefix="$corpus.crash/" -print_final_stats=1 -verbosity=1 "$corpus" "$seeds" "$@"
