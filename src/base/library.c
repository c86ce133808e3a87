/* SPDX-License-Identifier: MIT */
#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>

/* glibc warns of dlopen() in a program without shared libraries. */
#if LIBRARIES_LINKED
bool library_load(struct library *lib) { return lib->loaded; }
#else
long library_none(void) { return 0; }

static bool find_functions(struct library *lib, void *handle)
{
	for (size_t i = 0; i < lib->nfunctions; i++) {
		const struct library_function *f = &lib->functions[i];

		if (!dlsym(handle, f->name)) {
			snprintf(lib->why, sizeof(lib->why), "%s has no %s()", lib->file, f->name);
			return false;
		}
	}
	for (size_t i = 0; i < lib->nfunctions; i++)
		*lib->functions[i].at = dlsym(handle, lib->functions[i].name);
	return true;
}

bool library_load(struct library *lib)
{
	void *handle;
	const char *why;

	if (lib->loaded)
		return true;
	dlerror();
	/* RTLD_LAZY: most of its functions are never called */
	handle = dlopen(lib->file, RTLD_LAZY | RTLD_LOCAL);
	if (!handle) {
		why = dlerror();
		snprintf(lib->why, sizeof(lib->why), "%s", why ? why : lib->file);
		return false;
	}
	lib->loaded = find_functions(lib, handle);
	if (!lib->loaded)
		dlclose(handle);
	return lib->loaded;
}
#endif
