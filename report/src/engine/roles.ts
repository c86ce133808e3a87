// SPDX-License-Identifier: MIT
// What a file is to programs, by its path.

const ROLES = [
  'configuration',
  'library',
  'locale',
  'cache',
  'temporary',
  'source',
  'program',
  'module',
  'log',
  'system',
  'device',
  'folder or other',
  'no path',
] as const;
export type Role = (typeof ROLES)[number];

/** The first that fits: what is in a cache is that first, whatever its name ends in. */
const RULES: [Role, RegExp][] = [
  ['system', /^\/(proc|sys)(\/|$)/],
  ['temporary', /^(\/var)?\/tmp\/|^\/dev\/shm\//],
  ['device', /^\/dev(\/|$)/],
  ['cache', /\/(\.cache|cache|__pycache__|\.ccache|ccache)\/|^\/var\/cache\/|\/ld\.so\.cache$/],
  ['locale', /\/(locale|locales|locale-langpack|i18n|gconv|zoneinfo)(\/|$)|\.mo$|\/localtime$/],
  ['log', /^\/var\/log\/|\.log$/],
  ['library', /\.so(\.[\d.]+)?$|\.a$|\/glibc-hwcaps\/|\/ld\.so\.preload$/],
  ['module', /\/node_modules\/|\/(site|dist)-packages\/|\/python3[^/]*\/|\.pyc$/],
  [
    'source',
    /\.(c|h|cc|hh|cpp|hpp|cxx|hxx|inc|s|S|go|rs|java|kt|py|rb|pl|pm|js|mjs|cjs|ts|tsx|php|sh|lua|swift|cs|tex)$/,
  ],
  [
    'configuration',
    /^\/etc(\/|$)|^\/usr\/etc\/|\/\.config\/|\.(conf|cfg|cnf|ini|toml|ya?ml|json|properties|rc)$|\/\.[^/]*rc$|\/\.(git|npm|env)[^/]*$|config$/,
  ],
  ['program', /\/s?bin\/[^/]+$/],
];

export function roleOf(path: string): Role {
  if (path[0] !== '/') return 'no path';
  return RULES.find(([, test]) => test.test(path))?.[0] ?? 'folder or other';
}

/** As terms of a filter write it: the first word. */
export const roleWord = (role: string): string => role.split(' ')[0];
