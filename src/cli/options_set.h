/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What an option does with its argument.  The general ones write to a field of struct options that the row names;
 * only cli/options_rows.c and cli/options_set.c need this.
 */
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"

option_set_fn set_flag;		/* bool: true */
option_set_fn set_count;		/* unsigned: one more */
option_set_fn set_word;		/* const char *: the argument as it is */
option_set_fn set_file_name;	/* const char *: not empty, and not the next option */
option_set_fn set_number;	/* uint64_t: a decimal number from min to max */
option_set_fn set_choice;	/* an enum: which of the words of the row's arg, "auto|always|never", the argument is */
option_set_fn set_moment;	/* struct when: cli/when.h */
option_set_fn set_output;	/* one more output, of the kind that min is (enum output_kind) */

option_set_fn set_duration;
option_set_fn set_env;
option_set_fn set_export;
option_set_fn set_help;
option_set_fn set_pid;
option_set_fn set_last;
option_set_fn set_read;
option_set_fn set_redact;
option_set_fn set_report;
option_set_fn set_ring_size;
option_set_fn set_rotate;
option_set_fn set_stacks;
option_set_fn set_summary;
option_set_fn set_successful;
option_set_fn set_text;

/* cli/options_choose.c */
option_set_fn set_trace;
option_set_fn set_filter;
option_set_fn set_only;
option_set_fn set_path;
void options_add_paths(struct options *o);	/* once, when all options are set */
option_set_fn set_failed;
option_set_fn set_slower;

/* What to type in place of an option of strace that is not here, or NULL; a form of -e: without its "=". */
const char *strace_letter(char letter);
const char *strace_name(const char *name);
const char *strace_form(const char *form, size_t len);

#define FLAG(field) { set_flag, offsetof(struct options, field), 0, 0 }
#define COUNT(field) { set_count, offsetof(struct options, field), 0, 0 }
#define WORD(field) { set_word, offsetof(struct options, field), 0, 0 }
#define FILE_NAME(field) { set_file_name, offsetof(struct options, field), 0, 0 }
#define NUMBER(field, min, max) { set_number, offsetof(struct options, field), min, max }
#define MOMENT(field) { set_moment, offsetof(struct options, field), 0, 0 }
#define CHOICE(field) { set_choice, offsetof(struct options, field), 0, 0 }
#define OUTPUT(kind) { set_output, 0, kind, 0 }
#define SET(fn) { fn, 0, 0, 0 }

#define COLORS "auto|always|never"	/* enum color_mode */
#define FORMATS "text|strace"		/* enum text_format */
