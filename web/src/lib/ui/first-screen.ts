import { whenIdle } from './idle';

let first = true;
let end: () => void;
const over = new Promise<void>((resolve) => {
  end = resolve;
});

// Whoever scrolls looks at more than it.
addEventListener('scroll', endFirstScreen, { once: true, passive: true });

/** Whether what is looked at first is still to come. */
export function isFirstScreen(): boolean {
  return first;
}

/** Says that what is looked at first is there, or will not come. */
export function endFirstScreen(): void {
  first = false;
  end();
}

/** Resolves once the first screen is there and the browser has nothing better to do. */
export function afterFirstScreen(): Promise<void> {
  return over.then(() => new Promise(whenIdle));
}
