import { page } from '$app/state';
import { openComments, openOver } from '$lib/cards/over';
import { toggleSaved } from '$lib/cards/save';
import { FEED, feed } from '$lib/data/feed.svelte';
import { hearShortcuts } from '$lib/shortcuts';

const SELECTOR = 'article[data-photo]';

/** The card that has the focus, or the first one that is on the screen. Below a dialog there is none. */
function current(): HTMLElement | undefined {
  if (document.querySelector('dialog[open]')) return undefined;
  const focused = document.activeElement?.closest<HTMLElement>(SELECTOR);
  if (focused) return focused;
  return cards().find((card) => card.getBoundingClientRect().bottom > innerHeight / 4);
}

function cards(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(SELECTOR)];
}

/** Moves to the next card or the one before, with its top at the top of the screen. */
function step(by: 1 | -1): void {
  const all = cards();
  const focused = document.activeElement?.closest<HTMLElement>(SELECTOR);
  const here = current();
  if (!here) return;
  const to = focused || by < 0 ? all[all.indexOf(here) + by] : here;
  to?.focus({ preventScroll: true });
  to?.scrollIntoView({ block: 'start' });
}

function photo() {
  const id = current()?.dataset.photo;
  return feed.list.items.find((item) => item.id === id);
}

/** Hears the shortcuts of the feed until the function it returns is called. */
export function hearFeedKeys(): () => void {
  return hearShortcuts({
    j: () => step(1),
    k: () => step(-1),
    l: () => {
      const here = photo();
      if (!here) return false;
      void here.like.set(!here.like.wanted);
    },
    s: () => {
      const here = photo();
      if (!here) return false;
      toggleSaved(here);
    },
    o: () => {
      const here = photo();
      if (here) openOver(here.id, FEED);
    },
    c: () => {
      // The photo that is over the feed has comments of its own.
      if (page.state.photo || page.state.comments) return false;
      const here = photo();
      if (here) openComments(here.id, FEED, true);
    },
  });
}
