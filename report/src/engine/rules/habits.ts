// SPDX-License-Identifier: MIT
// Rules about habits: names asked for again, memory that only grows.
import { bytes, count, duration, plural } from '../human';
import { entry, LIMITS as L, term, type Rule } from './rule';

export const dns: Rule = {
  id: 'dns',
  title: 'Name servers asked again and again',
  threshold: `${L.questions} or more messages to name servers (port 53) by one process; ${L.dns} or more lookups of one name by one process, where names are known`,
  watch(g) {
    const { store } = g,
      { obj } = store,
      servers = new Map<number, boolean>(),
      questions = new Map<number, { n: number; first: number }>(),
      names = new Map<string, { n: number; first: number }>();
    return {
      on: {
        send(i) {
          if (!obj[i] || g.failed(i)) return;
          if (entry(servers, obj[i], () => store.objText(i).endsWith(':53')))
            entry(questions, g.proc(i), () => ({ n: 0, first: i })).n++;
        },
        dns(i) {
          entry(names, `${g.proc(i)} ${obj[i]}`, () => ({ n: 0, first: i })).n++;
        },
      },
      end(put) {
        for (const [p, v] of questions)
          if (v.n >= L.questions)
            put(
              2,
              `${g.who(p)} sent ${plural(v.n, 'message')} to name servers: its answers are not cached.`,
              `op:send ${term('path', '*:53')} ${term('pid', String(store.tasks[p].pid))}`,
              v.first,
              v.n,
            );
        for (const v of names.values())
          if (v.n >= L.dns)
            put(
              2,
              `${g.who(g.proc(v.first))} asked for the name ${g.name(obj[v.first])} ${count(v.n)} times: nothing caches it.`,
              `op:dns ${g.path(obj[v.first])}`,
              v.first,
              v.n,
            );
      },
    };
  },
};

interface Growth {
  up: number;
  down: number;
  steps: number[];
  first: number;
  last: number;
}
/** In every quarter of its calls, and next to nothing given back. */
function onlyGrew({ up, down, steps }: Growth): boolean {
  const net = up - down,
    at = (k: number) => steps[Math.floor(((steps.length - 1) * k) / 4)];
  if (net < L.growBytes || down >= L.unmapShare * up || steps.length < 8) return false;
  return [0, 1, 2, 3].every(k => at(k + 1) - at(k) > net * 0.05);
}

export const memory: Rule = {
  id: 'memory',
  title: 'Memory that only grows',
  threshold: `${bytes(L.growBytes)} or more mapped by a process, under ${L.unmapShare * 100} % given back, growing in every quarter of its calls for ${duration(L.growNs)} or more`,
  watch(g) {
    const { store } = g,
      by = new Map<number, Growth>();
    const see = (i: number) => {
      const d = g.failed(i) ? 0 : store.val(i);
      if (!d) return;
      const v = entry(by, g.proc(i), () => ({ up: 0, down: 0, steps: [], first: i, last: i }));
      v.last = i;
      if (d > 0) v.up += d;
      else v.down -= d;
      v.steps.push(v.up - v.down);
    };
    return {
      on: { mmap: see, munmap: see, brk: see },
      end(put) {
        for (const [p, v] of by)
          if (onlyGrew(v) && store.start[v.last] - store.start[v.first] >= L.growNs)
            put(
              2,
              `${g.who(p)} mapped ${bytes(v.up)} and gave back ${bytes(v.down)}: its memory only grew.`,
              `pid:${store.tasks[p].pid} op:mmap,munmap,brk`,
              v.first,
              (v.up - v.down) / 1000,
            );
      },
    };
  },
};
