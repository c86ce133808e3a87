/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a file is to programs, by its path: a row a role, as ROW(its enum, its name, globs…).  The first row that fits
 * is it: what is in a cache is that, whatever its name ends in.  filter/role.h has what a glob is tried with.
 *
 * The page has the same rows: report/defines.mjs reads them from this text when the page is built.  So they are plain
 * strings, without escapes, parentheses and question marks.
 */
#define ROLES(ROW)                                                                                                     \
	ROW(SYSTEM, "system", "/proc", "/sys")                                                                         \
	ROW(TEMPORARY, "temporary", "/tmp/*", "/var/tmp/*", "/dev/shm/*")                                              \
	ROW(DEVICE, "device", "/dev")                                                                                  \
	ROW(CACHE, "cache", "*/.cache/*", "*/cache/*", "*/__pycache__/*", "*/.ccache/*", "*/ccache/*", "ld.so.cache")  \
	ROW(LOCALE, "locale", "*/locale/*", "*/locales/*", "*/locale-langpack/*", "*/i18n/*", "*/gconv/*",             \
	    "*/zoneinfo/*", "locale", "locales", "locale-langpack", "i18n", "gconv", "zoneinfo", "*.mo", "localtime")  \
	ROW(LOG, "log", "/var/log/*", "*.log")                                                                         \
	ROW(LIBRARY, "library", "*.so", "*.so.0*", "*.so.1*", "*.so.2*", "*.so.3*", "*.so.4*", "*.so.5*", "*.so.6*",   \
	    "*.so.7*", "*.so.8*", "*.so.9*", "*.a", "*/glibc-hwcaps/*", "ld.so.preload")                               \
	ROW(MODULE, "module", "*/node_modules/*", "*/site-packages/*", "*/dist-packages/*", "*/python3*/*", "*.pyc")   \
	ROW(SOURCE, "source", "*.c", "*.h", "*.cc", "*.hh", "*.cpp", "*.hpp", "*.cxx", "*.hxx", "*.inc", "*.s", "*.S", \
	    "*.go", "*.rs", "*.java", "*.kt", "*.py", "*.rb", "*.pl", "*.pm", "*.js", "*.mjs", "*.cjs", "*.ts",        \
	    "*.tsx", "*.php", "*.sh", "*.lua", "*.swift", "*.cs", "*.tex")                                             \
	ROW(CONFIGURATION, "configuration", "/etc", "/usr/etc/*", "*/.config/*", "*.conf", "*.cfg", "*.cnf", "*.ini",  \
	    "*.toml", "*.yaml", "*.yml", "*.json", "*.properties", "*.rc", ".*rc", ".git*", ".npm*", ".env*",          \
	    "*config")                                                                                                 \
	ROW(PROGRAM, "program", "*/bin/", "*/sbin/")                                                                   \
	ROW(OTHER, "other", "*")
