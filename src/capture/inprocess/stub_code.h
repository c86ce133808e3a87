/* SPDX-License-Identifier: MIT */
#pragma once
/* The template of a block and its labels, each where its name becomes true (stub_code.c). */
#include <stdint.h>

extern const uint8_t stub_code[], stub_saved1[], stub_restored1[], stub_taken1[], stub_masked1[],
	stub_shifted1[], stub_slot1[], stub_put1[], stub_nr0[], stub_nr1[], stub_call[], stub_made[],
	stub_two[], stub_ready[], stub_go_own[], stub_path[], stub_from[], stub_taken3[], stub_masked3[],
	stub_shifted3[], stub_slot3[], stub_cursor[], stub_load[], stub_filled[], stub_length[], stub_nr3[],
	stub_put3[], stub_resume[], stub_kept[], stub_saved2[], stub_restored2[], stub_taken2[], stub_masked2[],
	stub_shifted2[], stub_dot[], stub_no_dot[], stub_load_dot[], stub_up[], stub_nr5[], stub_put4[], stub_stat[],
	stub_stat_kept[], stub_stashed[], stub_statted[], stub_unstashed[], stub_nr4[], stub_asked[], stub_go_kept[],
	stub_base2[], stub_publish2[], stub_fill[], stub_worded[], stub_pathed[], stub_path2[], stub_from2[],
	stub_taken6[], stub_masked6[], stub_shifted6[], stub_slot6[], stub_cursor6[], stub_load6[], stub_filled6[],
	stub_length2[], stub_nr6[], stub_put6[], stub_resume2[], stub_pathed2[], stub_in[], stub_in_null[],
	stub_in_len1[], stub_in_max1[], stub_taken7[], stub_masked7[], stub_shifted7[], stub_slot7[], stub_cursor7[],
	stub_in_len2[], stub_in_max2[], stub_load7[], stub_loaded7[], stub_in_len3[], stub_in_max3[], stub_load8[],
	stub_loaded8[], stub_filled7[], stub_nr7[], stub_put7[], stub_in_over[], stub_out[], stub_out_kept[],
	stub_out_null[], stub_out_packed[], stub_out_left1[], stub_out_max1[], stub_taken8[], stub_masked8[],
	stub_shifted8[], stub_slot8[], stub_cursor8[], stub_out_left2[], stub_out_max2[], stub_load9[], stub_loaded9[],
	stub_out_left3[], stub_out_max3[], stub_load10[], stub_loaded10[], stub_filled8[], stub_nr8[], stub_put8[],
	stub_out_unpacked[], stub_out_most[],
	stub_nulls[], stub_null1[], stub_null2[], stub_nulled[], stub_six[], stub_sixed[],
	stub_slot2[], stub_put2[], stub_nr2[], stub_back[], stub_own[], stub_end[];
