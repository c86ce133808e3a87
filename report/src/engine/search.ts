// SPDX-License-Identifier: MIT
// What a failed lookup was part of: a search along PATH, for headers, libraries or modules.
export type Search = 'PATH' | 'include' | 'library' | 'python' | 'node' | 'other';

/** What kind of search a failed lookup of this path belongs to. */
export function searchKind(path: string, op: string): Search {
  if (op === 'exec' || /\/s?bin\/[^/]+$/.test(path)) return 'PATH';
  if (/\.(h|hh|hpp|hxx|inc|gch)$|\/include\//.test(path)) return 'include';
  if (/\/node_modules(\/|$)|\/package\.json$|\.(m?js|cjs|node)$/.test(path)) return 'node';
  if (
    /\.pyc?$|\/__pycache__\/|\/(site|dist)-packages\/|\/python3[^/]*\/|\.cpython-|\.abi3\.so$/.test(
      path,
    )
  )
    return 'python';
  if (/\.so(\.\d+)*$|\.a$|\/glibc-hwcaps\//.test(path)) return 'library';
  return 'other';
}

/** A kind of search in words, and the patterns that a filter finds its paths by. */
export const SEARCHES: Record<Search, { text: string; patterns: string[] }> = {
  PATH: { text: 'programs along PATH', patterns: ['*/bin/*', '*/sbin/*'] },
  include: {
    text: 'header files along the include path',
    patterns: ['*/include/*', '*.h', '*.hpp', '*.hh', '*.hxx', '*.inc', '*.gch'],
  },
  library: { text: 'libraries', patterns: ['*.so', '*.so.*', '*.a', '*/glibc-hwcaps/*'] },
  python: {
    text: 'Python modules',
    patterns: ['*.py', '*.pyc', '*/__pycache__/*', '*-packages/*', '*/python3*', '*.cpython-*'],
  },
  node: {
    text: 'Node modules',
    patterns: ['*/node_modules*', '*/package.json', '*.js', '*.mjs', '*.cjs', '*.node'],
  },
  other: { text: 'files', patterns: [] },
};
