# SPDX-License-Identifier: MIT
# Sums of the NDJSON of a run (docs/events.md), from all of its rows (jq -s): what the summary has, too.
(map(select(.table == "file")) | map({(.id | tostring): .}) | add // {}) as $files
| (map(select(.table == "connection")) | map({(.id | tostring): .kind}) | add // {}) as $sockets
| map(select(.table == "event")) as $events
| ($events | map(select(.outcome == "ok"))) as $done
| ($done | map(
    (select(.kind == "read" or .kind == "transfer") | [.file, .bytes, 0]),
    (select(.kind == "write") | [.file, 0, .bytes]),
    (select(.kind == "transfer") | [.file2, 0, .bytes])
    | select(.[0]) | .[0] |= tostring)) as $moved
| def sums(what): reduce what as [$key, $in, $out] ({}; .[$key][0] += $in | .[$key][1] += $out);
{
  calls: ($events | sums(.[] | select(.call) | [(if .abi then "[\(.abi)] " else "" end) + .call, 1, if .error and .outcome != "unfinished" then 1 else 0 end])),
  files: ($moved | sums(.[] | [$files[.[0]].name, .[1], .[2]])),
  kinds: ($moved | sums(.[] | [$files[.[0]].kind, .[1], .[2]])),
  network: ($done | map(select(.connection and ($sockets[.connection | tostring] | test("^(tcp|udp)")))) | [
    (map(select(.kind == "send" or .kind == "write") | .bytes) | add // 0),
    (map(select(.kind == "recv" or .kind == "read") | .bytes) | add // 0)]),
  opens: [($done | map(select(.kind == "open")) | length), ($events | map(select(.kind == "open" and .outcome == "failed")) | length)],
  processes: (map(select(.table == "process") | .id) | unique | length),
  threads: (map(select(.table == "thread") | .id) | unique | length)
}
