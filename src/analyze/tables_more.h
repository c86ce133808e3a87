/* SPDX-License-Identifier: MIT */
#pragma once
/* Rows of the list in tables.c that have files of their own. */
#include "analyze/table.h"

extern const struct table_def table_time, table_findings, table_process_time, table_thread_time, table_waits,
	table_critical_path;
extern const struct table_def table_connections, table_listening;
extern const struct table_def table_errors, table_failures, table_processes;
