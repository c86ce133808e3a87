#!/bin/sh
# run.sh TARGET CORPUS SEEDS: fuzz for FUZZ_SECONDS. What crashes stays in CORPUS.crash/.
set -eu
target=$1 corpus=$2 seeds=$3
mkdir -p "$corpus" "$corpus.crash"
exec "$target" -max_total_time="${FUZZ_SECONDS:-5}" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
	-artifact_prefix="$corpus.crash/" -print_final_stats=1 -verbosity=1 "$corpus" "$seeds"
