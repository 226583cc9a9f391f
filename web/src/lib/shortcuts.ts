import { preferences } from '$lib/preferences.svelte';

/**
 * Keys that do something by themselves, and what they do: `false` leaves a key to whoever hears it next. They are off in
 * fields and can be switched off.
 */
export type Shortcuts = Record<string, () => unknown>;

/** How long a first key waits for the second, as in `g h` (ms). */
const GAP = 1000;

/** Hears shortcuts until the function it returns is called. A name of two keys is `g h`. */
export function hearShortcuts(shortcuts: Shortcuts): () => void {
  let first = { key: '', at: 0 };

  function keyed(event: KeyboardEvent) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !preferences.shortcuts) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, textarea, select, [contenteditable], [role="menu"]')) return;
    const pair = event.timeStamp - first.at < GAP ? `${first.key} ${event.key}` : '';
    first = { key: event.key, at: event.timeStamp };
    const run = shortcuts[pair] ?? shortcuts[event.key];
    if (run && run() !== false) event.preventDefault();
  }

  addEventListener('keydown', keyed);
  return () => removeEventListener('keydown', keyed);
}
