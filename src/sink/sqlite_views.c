/* SPDX-License-Identifier: MIT */
#include "sink/sqlite_views.h"

/* The command line of a process as one word; its last program is what it is known by. */
#define COMMAND(process) \
	"(SELECT (SELECT group_concat(value, ' ') FROM json_each(argv)) FROM exec x WHERE x.process = " process \
	" ORDER BY id DESC LIMIT 1)"

/* What moves bytes of a file; of a transfer the second file is written. */
#define MOVED \
	"WITH moved AS (" \
	"SELECT file, bytes AS nread, 0 AS nwritten FROM event WHERE kind IN ('read', 'transfer') AND bytes > 0 " \
	"UNION ALL SELECT file, 0, bytes FROM event WHERE kind = 'write' AND bytes > 0 " \
	"UNION ALL SELECT file2, 0, bytes FROM event WHERE kind = 'transfer' AND bytes > 0) "

const char sqlite_views[] =
"CREATE VIEW processes AS SELECT p.*, p.\"end\" - p.start AS duration, " COMMAND("p.id") " AS command FROM "
"process p;"

"CREATE VIEW execs AS SELECT x.*, p.pid, (SELECT group_concat(value, ' ') FROM json_each(x.argv)) AS command "
"FROM exec x LEFT JOIN process p ON p.id = x.process;"

"CREATE VIEW files AS " MOVED
"SELECT f.*, t.pid, m.nread AS bytes_read, m.nwritten AS bytes_written FROM file f LEFT JOIN thread t ON t.id = "
"f.thread "
"LEFT JOIN (SELECT file, sum(nread) AS nread, sum(nwritten) AS nwritten FROM moved GROUP BY file) m ON m.file = "
"f.id;"

"CREATE VIEW events AS SELECT (SELECT wall_ns FROM trace) + e.time AS wall_ns, t.name AS thread_name, e.* "
"FROM event e LEFT JOIN thread t ON t.id = e.thread;"

"CREATE VIEW calls AS SELECT * FROM events WHERE call IS NOT NULL;"

"CREATE VIEW failed_opens AS SELECT path, error, count(*) AS times, count(DISTINCT process) AS processes, "
"min(time) AS first, "
"max(time) AS last FROM event WHERE kind = 'open' AND outcome = 'failed' GROUP BY path, error ORDER BY times "
"DESC, path;"

"CREATE VIEW slowest_calls AS SELECT duration, call, coalesce(path, peer) AS what, outcome, error, pid, tid, "
"thread_name, time "
"FROM calls ORDER BY duration DESC;"

"CREATE VIEW files_by_bytes AS " MOVED
"SELECT f.name, sum(m.nread) AS bytes_read, sum(m.nwritten) AS bytes_written, count(*) AS calls FROM moved m "
"JOIN file f ON f.id = m.file "
"WHERE f.kind IN ('file', 'dir', 'memfd') GROUP BY f.name ORDER BY sum(m.nread) + sum(m.nwritten) DESC, f.name;"

"CREATE VIEW process_tree AS WITH RECURSIVE tree(id, depth) AS ("
"SELECT id, 0 FROM process WHERE parent IS NULL "
"UNION ALL SELECT p.id, depth + 1 FROM process p JOIN tree ON p.parent = tree.id ORDER BY 2 DESC, 1) "
"SELECT p.pid, tree.depth, printf('%*s%s', 2 * tree.depth, '', coalesce(p.command, '?')) AS command, p.start, "
"p.duration, "
"p.exit_code, p.signal, p.user_time, p.system_time, p.id FROM tree JOIN processes p ON p.id = tree.id;"

"CREATE VIEW connections AS SELECT c.*, t.pid, t.name AS thread_name, m.received, m.sent, p.pid AS peer_pid "
"FROM connection c "
"LEFT JOIN thread t ON t.id = c.thread LEFT JOIN process p ON p.id = c.peer_process LEFT JOIN ("
"SELECT e.connection, sum(CASE WHEN e.kind IN ('recv', 'read') OR (e.kind = 'transfer' AND e.file = k.file) "
"THEN bytes END) AS received, "
"sum(CASE WHEN e.kind IN ('send', 'write') OR (e.kind = 'transfer' AND e.file <> k.file) THEN bytes END) AS sent "
"FROM event e JOIN connection k ON k.id = e.connection GROUP BY e.connection) m ON m.connection = c.id;"

/* Times of threads that run at once add up: it may be more than the life of the process. */
"CREATE VIEW time_budget AS SELECT p.pid, p.command, p.duration AS lifetime, p.user_time, p.system_time, "
"sum(e.duration) AS in_calls, "
"sum(e.duration) FILTER (WHERE category = 'file') AS file, sum(e.duration) FILTER (WHERE category = 'network') "
"AS network, "
"sum(e.duration) FILTER (WHERE category = 'wait') AS wait, sum(e.duration) FILTER (WHERE category = 'time') AS "
"time, "
"sum(e.duration) FILTER (WHERE category = 'process') AS process, sum(e.duration) FILTER (WHERE category = "
"'memory') AS memory, "
"sum(e.duration) FILTER (WHERE category NOT IN ('file', 'network', 'wait', 'time', 'process', 'memory')) AS "
"other, p.id "
"FROM processes p LEFT JOIN event e ON e.process = p.id AND e.call IS NOT NULL GROUP BY p.id ORDER BY in_calls "
"DESC;";

const char sqlite_indexes[] =
"CREATE INDEX exec_process ON exec (process);"
"CREATE INDEX process_parent ON process (parent);"
"CREATE INDEX event_failed ON event (kind, path) WHERE outcome = 'failed';";
