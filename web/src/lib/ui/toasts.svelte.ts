export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => unknown };
}

/** What is said at the bottom of the screen for a while. */
class Toasts {
  shown: Toast[] = $state.raw([]);
  #next = 0;

  say(text: string, action?: Toast['action']): void {
    this.shown = [...this.shown.filter((toast) => toast.text !== text), { id: this.#next++, text, action }];
  }

  close(id: number): void {
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
