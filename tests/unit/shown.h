/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * A scene whose calls are written in one dialect: a test defines show(), an event function that writes the call into
 * `shown`.
 */
#include "scene.h"

static struct buf shown;
static void show(void *ctx, const struct event *ev);

static int setup(void **state)
{
	struct scene *s;

	scene_setup(state);
	s = *state;
	world_free(s->w);
	s->w = world_new(show, s);
	start(s, START_COMMAND | START_ALL_CALLS | START_PAYLOAD);
	task(s, 10, 10);
	return 0;
}

static int teardown(void **state)
{
	buf_done(&shown);
	shown = (struct buf){ 0 };
	return scene_teardown(state);
}
#define VALUES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void shows(struct scene *s, const char *text)
{
	go(s);
	assert_string_equal(shown.s, text);
}
