import { tick } from 'svelte';

let waiting: MutationObserver | undefined;

function title(): HTMLElement | null {
  return document.querySelector('h1');
}

/** Moves the focus to the title when a screen has turned into another without a navigation, so that it is announced. */
export async function focusTitle(): Promise<void> {
  await tick();
  title()?.focus();
}

/** Announces a new screen from its title on. One that is read first has its title later. */
export function announce(): void {
  waiting?.disconnect();
  if (focused()) return;
  waiting = new MutationObserver(() => focused() && waiting?.disconnect());
  waiting.observe(document.body, { childList: true, subtree: true });
}

/** Focuses the title. Returns whether that is done, or has become needless since the person is elsewhere by now. */
function focused(): boolean {
  const there = title();
  if (waiting && document.activeElement !== document.body) return true;
  there?.focus({ preventScroll: true });
  return there !== null;
}

/**
 * Returns what moves the focus on when the row that a button is in goes away: to the next row, the one before, or the
 * title. Call it while the row is there, and what it returns when it is gone.
 */
export function focusBeside(button: Element): () => Promise<void> {
  const row = button.closest('li');
  const beside = row?.nextElementSibling ?? row?.previousElementSibling;
  return async () => {
    await tick();
    const next = beside?.isConnected ? beside.querySelector<HTMLElement>('button') : undefined;
    (next ?? title())?.focus();
  };
}
