// SPDX-License-Identifier: MIT
// The frame around the views: what ran, the filter, the tabs, the view itself.
import { Files } from '../panels/files';
import { Findings } from '../panels/findings';
import { Network } from '../panels/network';
import { Overview } from '../panels/overview';
import { Processes } from '../panels/processes';
import { Syscalls } from '../panels/syscalls';
import type { State } from '../ui/state';
import { BookmarkNote } from './bookmarks';
import { Menu, Toast } from './floating';
import { Header, Notes } from './header';
import { Help } from './help';
import { useKeys } from './keys';
import { TimelineTab } from './timeline';
import { Toolbar } from './toolbar';

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
      <BookmarkNote s={s} />
      {s.help.value && <Help s={s} />}
    </>
  );
}
