/* SPDX-License-Identifier: MIT */
	/* HTML_PAGE, the file's name, comes from the build. */
	.section .rodata.html_page, "a", @progbits
	.globl html_page, html_page_end
	.balign 8
html_page:
	.incbin HTML_PAGE
html_page_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
