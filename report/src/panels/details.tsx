// SPDX-License-Identifier: MIT
// Everything about the selected event, its neighbours, and who else touched the same thing; or the selected range in figures.
import { useEffect, useState } from 'preact/hooks';
import { execOf } from '../engine/environment';
import { bytes, count, duration, moment, plural, wall } from '../engine/human';
import {
  laneName,
  neighbour,
  sameFile,
  sameLane,
  samePath,
  touched,
  type Touch,
} from '../engine/neighbours';
import { noiseClasses } from '../engine/noise';
import { withValue } from '../engine/query';
import type { Store } from '../engine/store';
import { words } from '../engine/words';
import { commandText, show } from '../format/text';
import { commandLine, copy } from '../ui/menu';
import type { State } from '../ui/state';
import { Environment } from './environment';
import { MovedBytes } from './moved';
import { RangePane } from './range-pane';
import { CalledFrom } from './stack';

function valMeaning(store: Store, i: number): [string, string] | null {
  const v = store.val(i);
  if (!v) return null;
  switch (store.ops[store.type[i]]) {
    case 'mmap':
    case 'munmap':
    case 'brk':
      return ['Mapped', (v > 0 ? '+' : '') + bytes(v)];
    case 'fork':
    case 'wait':
      return ['Child', laneName(store, v - 1)];
    case 'kill':
      return ['Target', laneName(store, v - 1)];
    case 'rename':
    case 'link':
      return ['New name', show(store.strings.get(v))];
    case 'fault':
      return ['Kind', v === 1 ? 'major (read from disk)' : 'minor'];
    case 'disk':
      return ['Size', bytes(Math.abs(v)) + (v < 0 ? ' written' : ' read')];
    case 'dup':
      return ['New descriptor', String(v)];
    default:
      return null;
  }
}

export function Details({ s }: { s: State }) {
  const i = s.selected.value,
    { store } = s;
  if (s.range.value) return <RangePane s={s} />;
  if (i < 0) return null;
  if (!s.hotReady.value) void s.version.value; // it may come yet
  if (i >= store.hot)
    return (
      <aside class="details" aria-label="Details">
        <p class="nothing">This event is still loading …</p>
      </aside>
    );
  return <EventPane key={i} s={s} i={i} />;
}

/** cold: all of it has loaded, its object, result and descriptor too. */
interface Props {
  s: State;
  i: number;
  cold: boolean;
}

function EventPane({ s, i }: { s: State; i: number }) {
  const { store } = s,
    cold = s.coldReady.value || i < store.cold,
    type = store.types[store.type[i]];
  return (
    <aside class="details" aria-label="Details of the selected event">
      <header>
        <i class="dot" style={{ background: s.palette.value.cssType[store.type[i]] }} />
        <h2>{type.name}</h2>
        <span class="dim">{store.meta.categories[type.cat]}</span>
        <button
          type="button"
          class="icon"
          aria-label="Close details"
          title="Close (Esc)"
          onClick={() => {
            s.selected.value = -1;
          }}
        >
          ✕
        </button>
      </header>
      <Head s={s} i={i} cold={cold} />
      <dl class="fields">
        <Times s={s} i={i} cold={cold} />
        <Owner s={s} i={i} cold={cold} />
        <Moved s={s} i={i} cold={cold} />
      </dl>
      {cold && <CalledFrom s={s} i={i} />}
      {cold && <MovedBytes s={s} i={i} />}
      <ExecEnvironment s={s} i={i} />
      <Steps s={s} i={i} />
      <Buttons s={s} i={i} />
      <Who s={s} i={i} cold={cold} />
    </aside>
  );
}

function ExecEnvironment({ s, i }: { s: State; i: number }) {
  const e = execOf(s.store, i);
  return e && <Environment s={s} lane={s.store.lane[i]} e={e} />;
}

const only = (s: State, key: string, value: string) => () => {
  s.filter.value = withValue(s.filter.value, key, value, 'only');
};

/** Why it failed, what it is about, the call. */
function Head({ s, i, cold }: Props) {
  const { store } = s,
    t = store.types[store.type[i]],
    failed = store.failed(i),
    obj = cold ? store.objText(i) : '';
  return (
    <>
      {failed && (
        <p class={store.bad(i) ? 'why' : 'why mild'}>
          <b>{store.errName[store.err[i]]}</b> {store.errText[store.err[i]]}.
        </p>
      )}
      {!failed && store.err[i] > 0 && <p class="why mild">{store.errText[store.err[i]]}.</p>}
      {cold && <p class="in-words">{words(store, i)}</p>}
      {obj && (
        <p class="obj">
          <button type="button" class="link mono" title="Only this" onClick={only(s, 'path', obj)}>
            {show(obj)}
          </button>
        </p>
      )}
      {t.layer === undefined && (
        <pre class="call">
          {t.name}({cold ? store.args(i) : '…'}){'\n  = '}
          {cold ? store.result(i) : '…'}
        </pre>
      )}
    </>
  );
}

function Times({ s, i }: Props) {
  const { store } = s;
  return (
    <>
      <dt>Start</dt>
      <dd class="mono">{moment(store.start[i], 9)}</dd>
      <dt>Wall clock</dt>
      <dd class="mono">{wall(store.meta.t0_ns, store.start[i])}</dd>
      {store.noise[i] > 0 && (
        <>
          <dt>Noise</dt>
          <dd>
            {noiseClasses(store.meta)[store.noise[i]][1]}
            <span class="dim">, hidden in the terminal</span>
          </dd>
        </>
      )}
      <dt>Duration</dt>
      <dd class="mono">
        {store.dur32[i] ? (
          <>
            {duration(store.dur(i))}
            {store.dur(i) >= 1000 && <span class="dim"> ({count(store.dur(i))}ns)</span>}
          </>
        ) : (
          'moment'
        )}
      </dd>
    </>
  );
}

function Owner({ s, i, cold }: Props) {
  const { store } = s,
    lane = store.lane[i],
    task = store.tasks[lane],
    f = store.file[i];
  return (
    <>
      <dt>Process</dt>
      <dd>
        <button type="button" class="link" onClick={only(s, 'pid', String(task.pid))}>
          {laneName(store, lane)}
        </button>
      </dd>
      {store.argv(lane).length > 0 && (
        <>
          <dt>Command</dt>
          <dd class="mono wrap">{commandText(store.argv(lane)).slice(0, 400)}</dd>
        </>
      )}
      {cold && store.fd(i) >= 0 && (
        <>
          <dt>Descriptor</dt>
          <dd>
            <button type="button" class="link mono" onClick={only(s, 'file', String(f))}>
              {store.fd(i)}
            </button>
            {f > 0 && (
              <span class="dim">
                {' '}
                {store.fileKind(f)}
                {', opened by '}
                {laneName(store, store.files.lane[f]) || 'a process before tracing'}
              </span>
            )}
          </dd>
        </>
      )}
    </>
  );
}

function Moved({ s, i, cold }: Props) {
  const { store } = s,
    b = cold ? store.bytes(i) : 0,
    extra = cold ? valMeaning(store, i) : null;
  return (
    <>
      {b > 0 && (
        <>
          <dt>Bytes</dt>
          <dd class="mono">
            {bytes(b)}
            {b >= 1000 && <span class="dim"> ({count(b)})</span>}
            {store.dur(i) > 0 && (
              <span class="dim"> · {bytes(Math.round((b / store.dur(i)) * 1e9))}/s</span>
            )}
          </dd>
        </>
      )}
      {extra && (
        <>
          <dt>{extra[0]}</dt>
          <dd class="mono">{extra[1]}</dd>
        </>
      )}
      <dt>Event</dt>
      <dd class="mono dim">{count(i)}</dd>
    </>
  );
}

function Steps({ s, i }: { s: State; i: number }) {
  const { store } = s;
  return (
    <div class="steps">
      <Step s={s} i={i} label="thread" title="on this thread" test={sameLane(store, i)} keys=",." />
      {store.file[i] > 0 && (
        <Step
          s={s}
          i={i}
          label="open file"
          title="on this open file"
          test={sameFile(store, i)}
          keys="[]"
        />
      )}
      {store.obj[i] > 0 && (
        <Step
          s={s}
          i={i}
          label="path"
          title="with this path or address"
          test={samePath(store, i)}
          keys="{}"
        />
      )}
    </div>
  );
}

function Step({
  s,
  i,
  label,
  title,
  test,
  keys,
}: {
  s: State;
  i: number;
  label: string;
  title: string;
  test: (k: number) => boolean;
  keys: string;
}) {
  const go = (d: 1 | -1) => {
    const k = neighbour(s.store, i, d, test);
    if (k >= 0) s.select(k);
    else s.toast.value = d > 0 ? 'That was the last one' : 'That was the first one';
  };
  const way = (d: 1 | -1, what: string, key: string, sign: string) => (
    <button
      type="button"
      title={`${what} ${title} (${key})`}
      aria-label={`${what} ${title}`}
      onClick={() => go(d)}
    >
      {sign}
    </button>
  );
  return (
    <div class="step">
      {way(-1, 'Previous', keys[0], '‹')}
      <span>{label}</span>
      {way(1, 'Next', keys[1], '›')}
    </div>
  );
}

function Buttons({ s, i }: { s: State; i: number }) {
  const { store } = s;
  return (
    <div class="buttons">
      <button type="button" onClick={() => s.reveal(i, true)} title="F">
        Zoom to it
      </button>
      <button type="button" onClick={() => copy(s, store.straceLine(i))} title="C">
        Copy strace line
      </button>
      <button type="button" onClick={() => copy(s, commandLine(s, store.lane[i]))} title="Shift C">
        Copy command
      </button>
    </div>
  );
}

function Who({ s, i, cold }: Props) {
  const { store } = s,
    [who, setWho] = useState<Touch[] | null>(null),
    name = cold ? (store.file[i] && store.files.name[store.file[i]]) || store.obj[i] : 0;
  useEffect(() => {
    if (!name) return undefined;
    const timer = setTimeout(() => setWho(touched(store, name)), 30);
    return () => clearTimeout(timer);
  }, [name]);
  if (!who?.length) return null;
  return (
    <section class="who">
      <h3>Who touched this</h3>
      <ul>
        {who.slice(0, 12).map(w => (
          <li key={w.lane}>
            <button type="button" class="link" onClick={() => s.select(w.first)}>
              {laneName(store, w.lane)}
            </button>
            <span class="num">{count(w.n)}×</span>
          </li>
        ))}
      </ul>
      {who.length > 12 && (
        <p class="dim">and {plural(who.length - 12, 'more process', 'more processes')}</p>
      )}
    </section>
  );
}
