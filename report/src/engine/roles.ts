// SPDX-License-Identifier: MIT
// What a file is to programs, by its path: the terminal's rows (src/filter/roles.h), as expressions.

declare const ROLE_ROWS: [role: string, ...globs: string[]][];

/** Without a slash: of the last component; with one at its end: of the folder; else of a path and what is below, or of all. */
function expression(glob: string): string {
  const literal = (text: string) => text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  if (glob[0] === '/' && !/\*|\/$/.test(glob)) return `^${literal(glob)}(/|$)`;
  const name = !glob.includes('/'),
    [, first, inside, last] = /^(\*?)(.*?)(\*?)$/.exec(glob)!,
    start = first ? '' : name ? '/' : '^',
    end = glob.endsWith('/') || (name && last) ? '[^/]*$' : last ? '' : '$';
  return start + literal(inside).replaceAll('*', name ? '[^/]*' : '[^]*') + end;
}

const RULES = ROLE_ROWS.map(
  ([role, ...globs]) => [role, new RegExp(globs.map(expression).join('|'))] as const,
);
export const ROLE_WORDS: readonly string[] = ROLE_ROWS.map(([role]) => role);

/** That of the first row that fits, the last fits all; none of what has no path. */
export const roleOf = (path: string): string =>
  path[0] === '/' ? RULES.find(([, test]) => test.test(path))![0] : '';
