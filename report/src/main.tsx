// SPDX-License-Identifier: MIT
// Starts the page: reads META, takes blocks as the parser meets them, shows what is there.
import { batch, effect } from '@preact/signals';
import { render } from 'preact';
import { Store } from './engine/store';
import type { Meta } from './format/layout';
import { Loader } from './format/loader';
import { App } from './ui/app';
import { frames, fromHash, State, stats, syncHash } from './ui/state';

function start(): void {
  let meta: Meta;
  try {
    meta = JSON.parse(document.getElementById('cpd-meta')!.textContent!) as Meta;
  } catch {
    fail(
      'This report is damaged: its description cannot be read. The summary above is all there is.',
    );
    return;
  }
  if (meta.version !== 1) {
    fail(`This report has format ${String(meta.version)}; the page in it knows format 1.`);
    return;
  }
  document.documentElement.classList.add('js');
  const store = new Store(meta),
    state = new State(store);
  let timer = 0;
  const changed = () => {
    timer = 0;
    state.version.value++;
  };
  // Drawing costs as much as taking in some blocks: while loading, a few times a second is enough.
  const later = () => {
    if (!timer) timer = setTimeout(changed, 300) as unknown as number;
  };
  const problem = (text: string) => {
    if (!state.problems.value.includes(text))
      state.problems.value = [...state.problems.value, text];
  };
  const check = () => {
    if (!state.hotReady.value && store.hot === store.n) {
      stats.hotReady = performance.now();
      batch(() => {
        state.hotReady.value = true;
        state.version.value++;
      });
    }
    if (!state.coldReady.value && state.hotReady.value && store.cold >= store.hot) {
      stats.coldReady = performance.now();
      batch(() => {
        state.coldReady.value = true;
        state.version.value++;
      });
    }
  };
  const loader = new Loader(meta, {
    block(kind, index, block) {
      store.add(kind, index, block);
      if (kind === 'h') {
        state.whole.update();
        state.reach.update();
      }
      later();
      check();
    },
    failed(kind, index, error) {
      problem(`Block ${kind}${index} cannot be read (${error}); what follows it is missing.`);
    },
    done(complete) {
      if (!complete)
        problem(
          `This report is truncated: the file ends too early. Shown are the first ${store.cold.toLocaleString('en-US')} of ${store.n.toLocaleString('en-US')} events in full${store.hot > store.cold ? `, ${store.hot.toLocaleString('en-US')} without details` : ''}.`,
        );
      else if (store.hot < store.n || store.cold < store.n)
        problem(
          `Only ${store.cold.toLocaleString('en-US')} of ${store.n.toLocaleString('en-US')} events could be read.`,
        );
      batch(() => {
        state.done.value = true;
        state.hotReady.value = true;
        state.coldReady.value = true;
        state.version.value++;
      });
      stats.allReady = performance.now();
    },
  });
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
