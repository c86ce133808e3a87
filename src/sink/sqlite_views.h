/* SPDX-License-Identifier: MIT */
#pragma once
/* What --sqlite has besides the tables of row/fields.h; docs/exports.md describes the views. */

extern const char sqlite_views[];	/* made with the tables: they also work on what a killed run left */
extern const char sqlite_indexes[];	/* made at the end: with them each row would cost twice */
