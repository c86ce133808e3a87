/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * Calls as JSON: the second dialect over the walk of value_walk.h.  docs/values.md has its form: numbers are numbers,
 * flags their names and the number, descriptors what they are, contents and names strings in the form of
 * json_escaped().
 */
struct addr;
struct event;
struct file;
struct json;

/*
 * One object, {"dirfd":{"fd":-100,"cwd":true},"path":"/etc/hosts",…}: the arguments of ev->call, by the names of
 * their rows and in order.  An argument has one form in all calls, but for what could not be read; of different calls,
 * one name may have different forms (the addr of mmap and of connect), so a column of a typed table holds it as text.
 */
void args_json(struct json *j, const struct event *ev);
/* {"fd":3,"file":7,"kind":"file","name":"/etc/hosts"}; file: NULL where none is known. */
void fd_json(struct json *j, int fd, const struct file *file);
/* {"family":"AF_INET","ip":"1.2.3.4","port":443} */
void addr_json(struct json *j, const struct addr *a);
