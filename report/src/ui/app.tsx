// SPDX-License-Identifier: MIT
// The frame around the views: what ran, the filter, the tabs, menus, help.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count, duration, leftOut, plural } from '../engine/human';
import { parse, withoutValue, withValue, KEYS } from '../engine/query';
import { show } from '../format/text';
import { Details, neighbour, sameFile, sameLane, samePath } from '../panels/details';
import { Files } from '../panels/files';
import { Findings } from '../panels/findings';
import { Network } from '../panels/network';
import { Overview } from '../panels/overview';
import { Processes } from '../panels/processes';
import { Syscalls } from '../panels/syscalls';
import { EventTable, SPECS } from '../table/table';
import { Timeline } from '../timeline/view';
import { commandLine, copy, menu } from './menu';
import { COLUMNS, DEFAULT_COLUMNS, TABS, type State, type Tab } from './state';

const NAMES: Record<Tab, string> = {
  overview: 'Overview',
  timeline: 'Timeline',
  files: 'Files',
  network: 'Network',
  processes: 'Processes',
  syscalls: 'Syscalls',
  findings: 'Findings',
};

export function App({ s }: { s: State }) {
  useKeys(s);
  const tab = s.tab.value;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={e => {
          e.preventDefault();
          document.getElementById('main')?.focus();
        }}
      >
        Skip to the view
      </a>
      <Header s={s} />
      <Toolbar s={s} />
      <Notes s={s} />
      <main id="main" tabIndex={-1} data-tab={tab}>
        <div class="view" hidden={tab !== 'overview'}>
          <Overview s={s} />
        </div>
        {tab === 'timeline' && <TimelineTab s={s} />}
        {tab === 'files' && <Files s={s} />}
        {tab === 'network' && <Network s={s} />}
        {tab === 'processes' && <Processes s={s} />}
        {tab === 'syscalls' && <Syscalls s={s} />}
        {tab === 'findings' && <Findings s={s} />}
      </main>
      <Menu />
      <Toast s={s} />
      {s.help.value && <Help s={s} />}
    </>
  );
}

function Header({ s }: { s: State }) {
  const { store } = s,
    { meta } = store,
    root = meta.tasks[meta.main];
  const looked = store.argv(meta.main);
  const command = meta.command.length
    ? meta.command.map(show).join(' ') + leftOut(meta.command_more, meta.command_cut)
    : meta.attached.length
      ? `${meta.attached.length === 1 && looked.length ? looked.map(show).join(' ') + ' · ' : ''}pid ${meta.attached.join(', ')}`
      : 'nothing';
  const [cls, outcome] = !root
    ? ['open', 'nothing ran']
    : meta.end === 'detach'
      ? ['open', 'detached, ran on']
      : root.signal
        ? ['bad', `killed by ${root.signal}`]
        : root.exit === undefined
          ? ['open', 'still running']
          : [root.exit ? 'bad' : 'ok', `exit ${root.exit}`];
  const procs = meta.tasks.filter(t => t.pid === t.tid).length,
    threads = meta.tasks.length - procs;
  return (
    <header class="top">
      <span class="brand" aria-hidden="true">
        <svg viewBox="0 0 16 16" width="18" height="18">
          <rect x="1" y="2" width="9" height="3" rx="1" fill="var(--cat-file)" />
          <rect x="5" y="6.5" width="10" height="3" rx="1" fill="var(--cat-network)" />
          <rect x="3" y="11" width="6" height="3" rx="1" fill="var(--cat-process)" />
        </svg>
      </span>
      <h1 title={command}>{command}</h1>
      <span class={'outcome ' + cls}>{outcome}</span>
      <ul class="facts">
        <li>{duration(meta.duration_ns)}</li>
        <li>
          {plural(procs, 'process', 'processes')}
          {threads ? `, ${plural(threads, 'thread')}` : ''}
        </li>
        <li>
          {plural(meta.events.kept, 'event')}
          {meta.events.total > meta.events.kept ? ` of ${count(meta.events.total)}` : ''}
        </li>
      </ul>
      <Loading s={s} />
      <button
        type="button"
        class="icon"
        aria-label={s.dark ? 'Light theme' : 'Dark theme'}
        title="Theme (T)"
        onClick={() => {
          s.theme.value = s.dark ? 'light' : 'dark';
        }}
      >
        {s.dark ? '☀' : '☾'}
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Keys and filter language"
        title="Keys and filter language (?)"
        onClick={() => {
          s.help.value = true;
        }}
      >
        ?
      </button>
    </header>
  );
}

function Loading({ s }: { s: State }) {
  void s.version.value;
  const { store } = s,
    part = store.n ? (store.hot + store.cold) / (2 * store.n) : 1;
  const busy = s.busy.value;
  if (s.done.value && !busy) return null;
  return (
    <span class="loading" role="status">
      {busy || `Loading ${Math.floor(part * 100)} %`}
      <progress aria-label={busy || 'Loading'} max={1} value={busy ? undefined : part} />
    </span>
  );
}

function Notes({ s }: { s: State }) {
  const { meta } = s.store,
    [closed, close] = useState(false);
  const list = [...s.problems.value];
  if (meta.events.total > meta.events.kept)
    list.push(
      `This report holds ${count(meta.events.kept)} of ${count(meta.events.total)} events (--max-report-events).`,
    );
  if (meta.lost.events)
    list.push(`${plural(meta.lost.events, 'event')} lost while tracing. ${meta.lost.note}`);
  if (meta.end === 'cut') list.push('The recording this report was made from is incomplete.');
  const notes = closed ? [] : meta.notes;
  if (!list.length && !notes.length) return null;
  return (
    <div class="notes" role="status">
      {list.map(x => (
        <p key={x} class="warn">
          {show(x)}
        </p>
      ))}
      {notes.length > 0 && (
        <p class="note">
          {notes.map(show).join(' · ')}
          <button type="button" class="icon" aria-label="Hide notes" onClick={() => close(true)}>
            ✕
          </button>
        </p>
      )}
    </div>
  );
}

function Toolbar({ s }: { s: State }) {
  const { store } = s,
    tab = s.tab.value;
  const tabKey = (e: KeyboardEvent) => {
    const at = TABS.indexOf(tab),
      to =
        e.key === 'ArrowRight'
          ? at + 1
          : e.key === 'ArrowLeft'
            ? at - 1
            : e.key === 'Home'
              ? 0
              : e.key === 'End'
                ? TABS.length - 1
                : -2;
    if (to === -2) return;
    e.preventDefault();
    e.stopPropagation();
    s.tab.value = TABS[(to + TABS.length) % TABS.length];
    requestAnimationFrame(() => document.getElementById('tab-' + s.tab.value)?.focus());
  };
  return (
    <div class="toolbar">
      <div class="tabs" role="tablist" aria-label="Views" onKeyDown={tabKey}>
        {TABS.map((t, k) => (
          <button
            key={t}
            type="button"
            id={'tab-' + t}
            role="tab"
            aria-selected={t === tab}
            aria-controls="main"
            tabIndex={t === tab ? 0 : -1}
            title={`${NAMES[t]} (${k + 1})`}
            class={t === tab ? 'on' : ''}
            onClick={() => {
              s.tab.value = t;
            }}
          >
            {NAMES[t]}
          </button>
        ))}
      </div>
      <FilterBox s={s} />
      <Picks s={s} />
      <span class="matches" role="status">
        {s.filter.value ? (
          <>
            <b>{count(s.mask.value.count)}</b> of {count(store.hot)}
          </>
        ) : null}
      </span>
    </div>
  );
}

function FilterBox({ s }: { s: State }) {
  const input = useRef<HTMLInputElement>(null),
    timer = useRef(0),
    [draft, setDraft] = useState(s.filter.value);
  const { errors } = s.query.value;
  useEffect(() => {
    if (document.activeElement !== input.current || input.current!.value !== s.filter.value) {
      clearTimeout(timer.current);
      setDraft(s.filter.value);
    }
  }, [s.filter.value]);
  const apply = (text: string) => {
    clearTimeout(timer.current);
    s.filter.value = text.trim();
  };
  return (
    <div class={'filter' + (errors.length ? ' wrong' : '')} role="search">
      <input
        ref={input}
        id="filter"
        type="text"
        value={draft}
        spellcheck={false}
        autocomplete="off"
        placeholder="Filter:  type:openat  path:*.so  !path:/proc  dur>1ms  err:any"
        aria-label="Filter events"
        aria-invalid={errors.length > 0}
        aria-describedby={errors.length ? 'filter-error' : undefined}
        onInput={e => {
          const v = (e.currentTarget as HTMLInputElement).value;
          setDraft(v);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => {
            s.filter.value = v.trim();
          }, store100(s)) as unknown as number;
        }}
        onKeyDown={e => {
          e.stopPropagation();
          if (e.key === 'Enter') {
            apply(draft);
          } else if (e.key === 'Escape') {
            if (draft) {
              setDraft('');
              apply('');
            } else input.current!.blur();
          }
        }}
      />
      {draft && (
        <button
          type="button"
          class="clear"
          aria-label="Clear filter"
          title="Clear (Esc)"
          onClick={() => {
            setDraft('');
            apply('');
            input.current!.focus();
          }}
        >
          ✕
        </button>
      )}
      {!draft && <kbd aria-hidden="true">/</kbd>}
      {errors.length > 0 && (
        <p id="filter-error" role="alert">
          {errors[0]}
        </p>
      )}
    </div>
  );
}
/** How long to wait for more typing: longer where a scan is longer. */
const store100 = (s: State) => (s.store.n > 3e6 ? 220 : 90);

function Popover({
  label,
  children,
  on,
}: {
  label: ComponentChildren;
  children: ComponentChildren;
  on?: boolean;
}) {
  const [open, set] = useState(false),
    box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const away = (e: Event) => {
      if (!box.current!.contains(e.target as Node)) set(false);
    };
    addEventListener('pointerdown', away, true);
    return () => removeEventListener('pointerdown', away, true);
  }, [open]);
  return (
    <div
      class="pop"
      ref={box}
      onKeyDown={e => {
        if (e.key === 'Escape' && open) {
          e.stopPropagation();
          set(false);
          box.current!.querySelector('button')!.focus();
        }
      }}
    >
      <button
        type="button"
        class={'pick' + (on ? ' set' : '')}
        aria-expanded={open}
        onClick={() => set(!open)}
      >
        {label} <span aria-hidden="true">▾</span>
      </button>
      {open && <div class="pop-body">{children}</div>}
    </div>
  );
}

function Picks({ s }: { s: State }) {
  const { store } = s,
    ready = s.hotReady.value,
    terms = parse(s.filter.value).terms;
  const counts = useMemo(() => {
    const types = store.typeEvents,
      lanes = store.laneEvents;
    const cats = new Float64Array(store.meta.categories.length),
      procs = new Map<string, number>();
    types.forEach((n, t) => {
      cats[store.catOf[t]] += n;
    });
    lanes.forEach((n, l) => {
      const name = store.tasks[l].comm;
      procs.set(name, (procs.get(name) ?? 0) + n);
    });
    return { types, cats, procs };
  }, [ready]);
  const has = (key: string, value: string, not: boolean) =>
    terms.some(t => t.key === key && t.not === not && t.values.includes(value));
  const on = (key: string, value: string) =>
    !has(key, value, true) && (!terms.some(t => t.key === key && !t.not) || has(key, value, false));
  const toggle = (key: string, value: string) => {
    s.filter.value =
      has(key, value, true) || has(key, value, false)
        ? withoutValue(s.filter.value, key, value)
        : terms.some(t => t.key === key && !t.not)
          ? withValue(s.filter.value, key, value, 'include')
          : withValue(s.filter.value, key, value, 'exclude');
  };
  const row = (key: string, value: string, n: number, colour?: string) => (
    <li key={value}>
      <label>
        <input type="checkbox" checked={on(key, value)} onChange={() => toggle(key, value)} />
        {colour && <i class="dot" style={{ background: colour }} />}
        <span class="grow path">{show(value)}</span>
        <span class="num dim">{count(n)}</span>
      </label>
      <button
        type="button"
        class="only"
        onClick={() => {
          s.filter.value = withValue(s.filter.value, key, value, 'only');
        }}
        aria-label={`Only ${show(value)}`}
      >
        only
      </button>
    </li>
  );
  const p = s.palette.value;
  return (
    <div class="picks">
      <Popover label="Categories" on={terms.some(t => t.key === 'cat')}>
        <ul class="checks">
          {store.meta.categories.map(
            (c, k) => counts.cats[k] > 0 && row('cat', c, counts.cats[k], p.cssCat[k]),
          )}
        </ul>
      </Popover>
      <Popover label="Types" on={terms.some(t => t.key === 'type')}>
        <ul class="checks">
          {store.types
            .map((t, k) => ({ t, k, n: counts.types[k] }))
            .filter(x => x.n)
            .sort((a, b) => a.t.cat - b.t.cat || b.n - a.n)
            .map(x => row('type', x.t.name, x.n, p.cssType[x.k]))}
        </ul>
      </Popover>
      <Popover
        label="Processes"
        on={terms.some(t => ['proc', 'pid', 'tid', 'tree'].includes(t.key))}
      >
        <ul class="checks">
          {[...counts.procs]
            .filter(x => x[1])
            .sort((a, b) => b[1] - a[1])
            .slice(0, 200)
            .map(([name, n]) => row('proc', name, n))}
        </ul>
      </Popover>
    </div>
  );
}

let timelineNow: Timeline | null = null;

function TimelineTab({ s }: { s: State }) {
  const upper = useRef<HTMLDivElement>(null),
    lower = useRef<HTMLDivElement>(null),
    [part, setPart] = useState(0.52);
  useLayoutEffect(() => {
    const tl = new Timeline(s, { compact: false }),
      tb = new EventTable(s);
    timelineNow = tl;
    upper.current!.append(tl.el);
    lower.current!.append(tb.el);
    return () => {
      tl.destroy();
      tb.destroy();
      tl.el.remove();
      tb.el.remove();
      timelineNow = null;
    };
  }, []);
  const drag = (e: PointerEvent) => {
    const bar = e.currentTarget as HTMLElement,
      box = bar.parentElement!.getBoundingClientRect();
    bar.setPointerCapture(e.pointerId);
    const move = (m: PointerEvent) =>
      setPart(Math.max(0.15, Math.min(0.85, (m.clientY - box.top) / box.height)));
    const up = () => {
      bar.removeEventListener('pointermove', move);
      bar.removeEventListener('pointerup', up);
    };
    bar.addEventListener('pointermove', move);
    bar.addEventListener('pointerup', up);
  };
  return (
    <section class="tab timeline-tab" aria-label="Timeline and events">
      <div class="timeline-main">
        <LaneBar s={s} />
        <div class="pane" style={{ flex: `${part} 1 0` }} ref={upper} />
        <div
          class="splitter"
          role="separator"
          aria-orientation="horizontal"
          aria-label="Height of the timeline"
          aria-valuenow={Math.round(part * 100)}
          aria-valuemin={15}
          aria-valuemax={85}
          tabIndex={0}
          onPointerDown={drag}
          onKeyDown={e => {
            if (e.key === 'ArrowUp' || e.key === 'ArrowDown') {
              e.preventDefault();
              e.stopPropagation();
              setPart(Math.max(0.15, Math.min(0.85, part + (e.key === 'ArrowUp' ? -0.05 : 0.05))));
            }
          }}
        />
        <div class="pane" style={{ flex: `${1 - part} 1 0` }} ref={lower} />
      </div>
      <Details s={s} />
    </section>
  );
}

const LEGEND: Record<string, string> = {
  scheduler: 'The strip under a lane: it waited for a CPU',
  fault: 'Ticks at the upper edge of a lane: page faults',
  disk: 'Ticks at the upper edge of a lane: block I/O',
};

function LaneBar({ s }: { s: State }) {
  const { store } = s,
    hidden = s.hidden.value.length,
    p = s.palette.value;
  const used = new Set(store.types.map(t => t.cat));
  const cols = s.columns.value;
  return (
    <div class="lane-bar">
      <label>
        {'Lanes '}
        <select
          value={s.laneSort.value}
          onChange={e => {
            s.laneSort.value = (e.currentTarget as HTMLSelectElement).value as 'tree';
          }}
        >
          <option value="tree">as a tree</option>
          <option value="start">by start</option>
          <option value="activity">busiest first</option>
        </select>
      </label>
      {store.tasks.some(t => t.pid !== t.tid) && (
        <label class="check">
          <input
            type="checkbox"
            checked={!s.folded.value}
            onChange={() => {
              s.folded.value = !s.folded.value;
            }}
          />
          {' threads'}
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={s.arrows.value}
          onChange={() => {
            s.arrows.value = !s.arrows.value;
          }}
        />
        {' arrows'}
      </label>
      <span class="dim">
        {plural(s.laneRows.value.length, 'lane')}
        {hidden ? (
          <>
            {' · '}
            <button
              type="button"
              class="link"
              onClick={() => {
                s.hidden.value = [];
              }}
            >
              {hidden} hidden, show
            </button>
          </>
        ) : (
          ''
        )}
      </span>
      <ul class="legend" aria-label="Colours">
        {store.meta.categories.map(
          (c, k) =>
            used.has(k) && (
              <li key={c} title={LEGEND[c]}>
                <i class="dot" style={{ background: p.cssCat[k] }} />
                {c}
              </li>
            ),
        )}
        <li title="The lower edge is red where a call failed; a long call that failed is all red">
          <i class="dot" style={{ background: 'var(--bad)' }} />
          failed
        </li>
      </ul>
      <span class="zoom">
        <button
          type="button"
          class="icon"
          aria-label="Zoom out"
          title="Zoom out (−)"
          onClick={() => s.zoom(1.6)}
        >
          −
        </button>
        <button
          type="button"
          class="icon"
          aria-label="Zoom in"
          title="Zoom in (+)"
          onClick={() => s.zoom(1 / 1.6)}
        >
          +
        </button>
        <button type="button" class="icon wide" title="Show everything (0)" onClick={() => s.fit()}>
          Fit
        </button>
      </span>
      <Popover label="Columns" on={cols.join() !== DEFAULT_COLUMNS.join()}>
        <ul class="checks">
          {COLUMNS.map(c => (
            <li key={c}>
              <label>
                <input
                  type="checkbox"
                  checked={cols.includes(c)}
                  onChange={() => {
                    const next = COLUMNS.filter(x =>
                      x === c ? !cols.includes(c) : cols.includes(x),
                    );
                    if (next.length) s.columns.value = next;
                  }}
                />
                <span class="grow">{SPECS[c].title}</span>
              </label>
            </li>
          ))}
        </ul>
      </Popover>
    </div>
  );
}

function Menu() {
  const m = menu.value,
    box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!m) return undefined;
    const before = document.activeElement as HTMLElement | null,
      e = box.current!,
      r = e.getBoundingClientRect();
    e.style.left = Math.max(4, Math.min(m.x, innerWidth - r.width - 6)) + 'px';
    e.style.top = Math.max(4, Math.min(m.y, innerHeight - r.height - 6)) + 'px';
    e.querySelector('button')?.focus();
    const away = (ev: Event) => {
      if (!e.contains(ev.target as Node)) menu.value = null;
    };
    addEventListener('pointerdown', away, true);
    addEventListener('blur', away);
    return () => {
      removeEventListener('pointerdown', away, true);
      removeEventListener('blur', away);
      before?.focus?.({ preventScroll: true });
    };
  }, [m]);
  if (!m) return null;
  const key = (e: KeyboardEvent) => {
    const list = [...box.current!.querySelectorAll('button')],
      at = list.indexOf(document.activeElement as HTMLButtonElement);
    e.stopPropagation();
    if (e.key === 'Escape' || e.key === 'Tab') {
      e.preventDefault();
      menu.value = null;
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault();
      list[(at + (e.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length]?.focus();
    }
  };
  return (
    <div
      class="menu"
      role="menu"
      aria-label={m.title}
      ref={box}
      onKeyDown={key}
      onContextMenu={e => e.preventDefault()}
    >
      <p class="menu-title" aria-hidden="true">
        {m.title}
      </p>
      {m.items.map((x, k) => (
        <button
          key={k}
          type="button"
          role="menuitem"
          class={x.line ? 'line' : ''}
          onClick={() => {
            menu.value = null;
            x.run();
          }}
        >
          <span>{x.label}</span>
          {x.hint && <kbd>{x.hint}</kbd>}
        </button>
      ))}
    </div>
  );
}

function Toast({ s }: { s: State }) {
  const text = s.toast.value;
  useEffect(() => {
    if (!text) return undefined;
    const t = setTimeout(() => {
      s.toast.value = '';
    }, 2600);
    return () => clearTimeout(t);
  }, [text]);
  return (
    <div class={'toast' + (text ? ' on' : '')} role="status" aria-live="polite">
      {text}
    </div>
  );
}

const HELP: [string, [string, string][]][] = [
  [
    'Move',
    [
      ['Ctrl wheel, + −, W S', 'zoom at the pointer or the middle'],
      ['drag, Shift wheel, A D', 'move in time'],
      ['0', 'everything'],
      ['F', 'zoom to the selected event'],
      ['R', 'zoom to the selected range'],
      ['Shift drag, drag on the axis', 'select a range'],
    ],
  ],
  [
    'Find',
    [
      ['/', 'filter box'],
      ['n N', 'next, previous match'],
      [', .', 'previous, next on the same thread'],
      ['[ ]', 'previous, next on the same open file'],
      ['{ }', 'previous, next with the same path or address'],
      ['Esc', 'close, then clear the selection, then the filter'],
      ['X', 'clear the filter'],
    ],
  ],
  [
    'Show',
    [
      ['1 … 7', 'views'],
      ['↑ ↓ PgUp PgDn Home End', 'rows of a table'],
      ['P H', 'pin, hide the lane of the selected event'],
      ['L', 'threads on or off'],
      ['T', 'dark or light'],
      ['right click, Shift F10', 'include, exclude, copy'],
      ['C, Shift C', 'copy as strace line, as command line'],
      ['?', 'this sheet'],
    ],
  ],
];

function Help({ s }: { s: State }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current!.showModal();
  }, []);
  return (
    <dialog
      ref={box}
      class="help"
      aria-label="Keys and filter language"
      onClose={() => {
        s.help.value = false;
      }}
      onClick={e => {
        if (e.target === box.current) box.current!.close();
      }}
    >
      <div>
        <header>
          <h2>Keys</h2>
          <button
            type="button"
            class="icon"
            aria-label="Close"
            onClick={() => box.current!.close()}
          >
            ✕
          </button>
        </header>
        <div class="help-keys">
          {HELP.map(([title, rows]) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {rows.map(([k, v]) => (
                  <div key={k}>
                    <dt>{k}</dt>
                    <dd>{v}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <h2>Filter</h2>
        <p>
          Space is <i>and</i>, comma is <i>or</i>, <code>!</code> is <i>not</i>. A word by itself is
          searched in paths, arguments, calls and errors.
        </p>
        <dl class="help-filter">
          {Object.entries(KEYS).map(([k, v]) => (
            <div key={k}>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </div>
          ))}
        </dl>
        <p class="dim">
          Timeline: a pixel has the colour of the longest call it covers, full where the call is as
          long as the pixel, paler where it is shorter or only waits; its lower edge is red where
          any call in it failed. The address of this page holds everything you see: copy it to share
          a view of the same file.
        </p>
      </div>
    </dialog>
  );
}

function useKeys(s: State): void {
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const target = e.target as HTMLElement;
      if (
        e.defaultPrevented ||
        e.ctrlKey ||
        e.metaKey ||
        e.altKey ||
        s.help.value ||
        (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) &&
          (target as HTMLInputElement).type !== 'checkbox')
      )
        return;
      const { store } = s,
        i = s.selected.value,
        lane = i >= 0 && i < store.hot ? store.lane[i] : -1;
      const go = (step: 1 | -1, test: (k: number) => boolean) => {
        const bits = s.mask.value.bits,
          k = neighbour(store, i, step, x => test(x) && (!bits || bits[x] === 1));
        if (k >= 0) s.select(k);
        else s.toast.value = step > 0 ? 'That was the last one' : 'That was the first one';
      };
      const toggle = (list: readonly number[]) =>
        list.includes(lane) ? list.filter(v => v !== lane) : [...list, lane];
      const act = (): boolean => {
        switch (e.key) {
          case '/':
            document.getElementById('filter')!.focus();
            (document.getElementById('filter') as HTMLInputElement).select();
            return true;
          case '?':
            s.help.value = true;
            return true;
          case 'Escape':
            if (menu.value) menu.value = null;
            else if (s.range.value) s.range.value = null;
            else if (s.selected.value >= 0) s.selected.value = -1;
            else if (s.filter.value) s.filter.value = '';
            else return false;
            return true;
          case 'x':
          case 'X':
            s.filter.value = '';
            return true;
          case '+':
          case '=':
          case 'w':
            s.zoom(1 / 1.5);
            return true;
          case '-':
          case '_':
          case 's':
            s.zoom(1.5);
            return true;
          case 'a':
            s.pan(-0.2);
            return true;
          case 'd':
            s.pan(0.2);
            return true;
          case 'ArrowLeft':
            if (s.tab.value !== 'timeline') return false;
            s.pan(-0.1);
            return true;
          case 'ArrowRight':
            if (s.tab.value !== 'timeline') return false;
            s.pan(0.1);
            return true;
          case '0':
            s.fit();
            return true;
          case 'f':
          case 'F':
            if (i >= 0) {
              s.reveal(i, true);
              timelineNow?.scrollToLane(lane);
            } else s.fit();
            return true;
          case 'r':
          case 'R':
            if (s.range.value) s.setView(s.range.value.from, s.range.value.to);
            return true;
          case 'n':
          case 'N': {
            const rows = s.rowCount,
              down = e.key === 'n' && !e.shiftKey;
            if (!rows) {
              s.toast.value = 'Nothing matches';
              return true;
            }
            const at = i >= 0 ? s.rowOf(i) : -1;
            let to = at >= 0 ? at + (down ? 1 : -1) : down ? 0 : rows - 1;
            if (to < 0 || to >= rows) {
              s.toast.value = down ? 'From the start again' : 'From the end again';
              to = (to + rows) % rows;
            }
            s.select(s.event(to));
            return true;
          }
          case '.':
            if (i >= 0) go(1, sameLane(store, i));
            return true;
          case ',':
            if (i >= 0) go(-1, sameLane(store, i));
            return true;
          case ']':
            if (i >= 0 && store.file[i]) go(1, sameFile(store, i));
            return true;
          case '[':
            if (i >= 0 && store.file[i]) go(-1, sameFile(store, i));
            return true;
          case '}':
            if (i >= 0 && store.obj[i]) go(1, samePath(store, i));
            return true;
          case '{':
            if (i >= 0 && store.obj[i]) go(-1, samePath(store, i));
            return true;
          case 'p':
          case 'P':
            if (lane >= 0) s.pins.value = toggle(s.pins.value);
            return true;
          case 'h':
          case 'H':
            if (lane >= 0) s.hidden.value = toggle(s.hidden.value);
            return true;
          case 'l':
          case 'L':
            s.folded.value = !s.folded.value;
            return true;
          case 't':
          case 'T':
            s.theme.value = s.dark ? 'light' : 'dark';
            return true;
          case 'c':
            if (i >= 0) copy(s, store.straceLine(i));
            return true;
          case 'C':
            if (lane >= 0) copy(s, commandLine(s, lane));
            return true;
          default:
            if (e.key >= '1' && e.key <= String(TABS.length)) {
              s.tab.value = TABS[Number(e.key) - 1];
              return true;
            }
            return false;
        }
      };
      if (act()) e.preventDefault();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, []);
}
