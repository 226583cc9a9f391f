import { tick } from 'svelte';

/** Moves the focus to the title when a screen has turned into another without a navigation, so that it is announced. */
export async function focusTitle(): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>('h1')?.focus();
}
