// SPDX-License-Identifier: MIT
// Starts the page: reads META, takes blocks as the parser meets them, shows what is there.
import { batch, effect } from '@preact/signals';
import { render } from 'preact';
import { App } from './app/app';
import { count } from './engine/human';
import { Store } from './engine/store';
import type { Meta } from './format/layout';
import { Loader } from './format/loader';
import { fromHash, syncHash } from './ui/address';
import { frames, State, stats } from './ui/state';

function start(): void {
  const meta = readMeta();
  if (!meta) return;
  document.documentElement.classList.add('js');
  const store = new Store(meta),
    state = new State(store),
    loader = load(state);
  Object.assign((window as unknown as { cpd: object }).cpd, { stats, frames, state, loader });
  const root = document.documentElement;
  effect(() => {
    root.dataset.theme = state.dark ? 'dark' : 'light';
    const p = state.palette.value;
    meta.categories.forEach((c, i) => {
      if (/^[a-z]+$/.test(c)) root.style.setProperty('--cat-' + c, p.cssCat[i]);
    });
  });
  fromHash(state, location.hash);
  syncHash(state);
  render(<App s={state} />, document.getElementById('app')!);
}

function readMeta(): Meta | null {
  let meta: Meta;
  try {
    meta = JSON.parse(document.getElementById('cpd-meta')!.textContent!) as Meta;
  } catch {
    fail(
      'This report is damaged: its description cannot be read. The summary above is all there is.',
    );
    return null;
  }
  if (meta.version === 1) return meta;
  fail(`This report has format ${String(meta.version)}; the page in it knows format 1.`);
  return null;
}

/** Takes blocks into the store, and marks in the state what is complete. */
function load(state: State): Loader {
  const { store } = state,
    { meta } = store;
  let timer = 0;
  const changed = () => {
    timer = 0;
    state.version.value++;
  };
  const problem = (text: string) => {
    if (!state.problems.value.includes(text))
      state.problems.value = [...state.problems.value, text];
  };
  const ready = (part: 'hotReady' | 'coldReady') => {
    stats[part] = performance.now();
    batch(() => {
      state[part].value = true;
      state.version.value++;
    });
  };
  return new Loader(meta, {
    block(kind, index, block) {
      store.add(kind, index, block);
      if (kind === 'h') {
        state.whole.update();
        state.reach.update();
      }
      // Drawing costs as much as taking in some blocks: while loading, a few times a second is enough.
      if (!timer) timer = setTimeout(changed, 300) as unknown as number;
      if (!state.hotReady.value && store.hot === store.n) ready('hotReady');
      if (!state.coldReady.value && state.hotReady.value && store.cold >= store.hot)
        ready('coldReady');
    },
    failed(kind, index, error) {
      problem(`Block ${kind}${index} cannot be read (${error}); what follows it is missing.`);
    },
    done(complete) {
      const text = missing(store, complete);
      if (text) problem(text);
      batch(() => {
        state.done.value = true;
        state.hotReady.value = true;
        state.coldReady.value = true;
        state.version.value++;
      });
      stats.allReady = performance.now();
    },
  });
}

/** What of the report did not arrive, as a sentence; empty when all did. */
function missing({ n, hot, cold }: Store, complete: boolean): string {
  const whole = `${count(cold)} of ${count(n)} events`,
    bare = hot > cold ? `, ${count(hot)} without details` : '';
  if (!complete)
    return `This report is truncated: the file ends too early. Shown are the first ${whole} in full${bare}.`;
  return hot < n || cold < n ? `Only ${whole} could be read.` : '';
}

function fail(text: string): void {
  (window as unknown as { cpd: () => void }).cpd = () => {
    /* nothing can take the blocks */
  };
  const p = document.createElement('p');
  p.className = 'note';
  p.textContent = text;
  document.getElementById('summary')!.append(p);
}

start();
