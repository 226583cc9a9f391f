import type { Action } from 'svelte/action';

/** Shows a dialog over everything as long as it is there, with the focus in it. */
export const modal: Action<HTMLDialogElement> = (dialog) => {
  const before = document.activeElement as HTMLElement | null;
  dialog.showModal();
  dialog.focus();
  return {
    // It goes away without being closed, so it does not give the focus back by itself.
    destroy: () => {
      dialog.close();
      before?.focus({ preventScroll: true });
    },
  };
};
