/* SPDX-License-Identifier: MIT */
#include "abi/meaning.h"

static const char *const categories[_CAT_MAX] = {
	[CAT_FILE] = "file", [CAT_NETWORK] = "network", [CAT_MEMORY] = "memory", [CAT_PROCESS] = "process", [CAT_SIGNAL] = "signal",
	[CAT_WAIT] = "wait", [CAT_TIME] = "time", [CAT_INFO] = "info", [CAT_SCHEDULER] = "scheduler", [CAT_FAULT] = "fault",
	[CAT_DISK] = "disk", [CAT_OTHER] = "other",
};
#define OP_NAME(op, name) [OP_##op] = name,
static const char *const ops[_OP_MAX] = { OPS(OP_NAME) };
static const char *const ios[_IO_MAX] = { [IO_NONE] = "none", [IO_IN] = "in", [IO_OUT] = "out", [IO_COPY] = "copy" };
static const char *const layers[_LAYER_MAX] = { [LAYER_CALL] = "call", [LAYER_MARK] = "mark", [LAYER_STATE] = "state" };

const char *meaning_category(enum category cat) { return categories[(unsigned)cat < _CAT_MAX ? cat : CAT_OTHER]; }
const char *meaning_op(enum op op) { return ops[(unsigned)op < _OP_MAX ? op : OP_OTHER]; }
const char *meaning_io(enum io io) { return ios[(unsigned)io < _IO_MAX ? io : IO_NONE]; }
const char *meaning_layer(enum layer layer) { return layers[(unsigned)layer < _LAYER_MAX ? layer : LAYER_MARK]; }
