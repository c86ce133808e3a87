/* SPDX-License-Identifier: MIT */
/*
 * Debian 13's libelf.a (elfutils 0.192) calls functions of a library of its own, libeu.a, which no package has; the
 * shared libelf has them inside.  This file is linked where they are missing.  The tree holds the parts of a file that
 * were asked for by elf_getdata_rawchunk(); libbpf asks for none.  One thread at a time uses an Elf here: no lock.
 */
#include <search.h>
#include <stdlib.h>

/* The lock that follows the root in libelf's struct is not touched. */
struct eu_tree { void *root; };

typedef int compare_fn(const void *, const void *);
void eu_search_tree_init(struct eu_tree *tree);
void eu_search_tree_fini(struct eu_tree *tree, void (*free_node)(void *));
void *eu_tsearch(const void *key, struct eu_tree *tree, compare_fn *compare);
void *eu_tfind(const void *key, struct eu_tree *tree, compare_fn *compare);
void *eu_tdelete(const void *key, struct eu_tree *tree, compare_fn *compare);

void eu_search_tree_init(struct eu_tree *tree) { tree->root = NULL; }

void eu_search_tree_fini(struct eu_tree *tree, void (*free_node)(void *))
{
	tdestroy(tree->root, free_node);
	tree->root = NULL;
}

void *eu_tsearch(const void *key, struct eu_tree *tree, compare_fn *compare)
{
	return tsearch(key, &tree->root, compare);
}

void *eu_tfind(const void *key, struct eu_tree *tree, compare_fn *compare) { return tfind(key, &tree->root, compare); }
void *eu_tdelete(const void *key, struct eu_tree *tree, compare_fn *compare)
{
	return tdelete(key, &tree->root, compare);
}
