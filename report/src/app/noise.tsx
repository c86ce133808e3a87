// SPDX-License-Identifier: MIT
// Shows or hides what the terminal hides: all of it, or classes; how much is hidden always stands there.
import { count, plural } from '../engine/human';
import { hidingNoise, noiseOf, toggleNoise } from '../engine/noise';
import { withValue, withoutKey } from '../engine/query';
import type { State } from '../ui/state';
import { CheckRow } from './picks';
import { Popover } from './popover';

export function NoiseSwitch({ s }: { s: State }) {
  void s.hotReady.value; // counted as they load
  const { store } = s,
    list = noiseOf(store, s.query.value.terms),
    hidden = list.filter(c => !c.shown),
    all = list.reduce((sum, c) => sum + c.count, 0),
    gone = hidden.reduce((sum, c) => sum + c.count, 0);
  if (!list.length) return null;
  const hide = (classes: number[]) => {
    s.filter.value = hidingNoise(store, s.filter.value, classes);
  };
  return (
    <Popover
      label={hidden.length ? `${count(gone)} hidden as noise` : 'Noise shown'}
      on={hidden.length > 0}
      title={
        hidden.length
          ? `Hidden as noise: ${hidden.map(c => `${c.what} ${count(c.count)}`).join(', ')} events (M shows all)`
          : `${plural(all, 'event')} that the terminal hides (M hides them)`
      }
    >
      <ul class="checks">
        <CheckRow
          on={!hidden.length}
          label="All that the terminal hides"
          n={all}
          toggle={() => {
            s.filter.value = toggleNoise(store, s.filter.value);
          }}
        />
        {list.map(c => (
          <CheckRow
            key={c.name}
            on={c.shown}
            label={c.what}
            n={c.count}
            toggle={() =>
              hide(
                c.shown
                  ? [...hidden.map(h => h.class), c.class]
                  : hidden.filter(h => h !== c).map(h => h.class),
              )
            }
            only={() => {
              s.filter.value = withValue(
                withoutKey(s.filter.value, 'noise'),
                'noise',
                c.name,
                'only',
              );
            }}
          />
        ))}
      </ul>
    </Popover>
  );
}
