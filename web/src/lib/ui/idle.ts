/** How long work waits at most for a browser that has no idle moment (ms). */
const PATIENCE = 1000;

/** Runs `run` when the browser has nothing better to do. WebKit has no idle callbacks. */
export function whenIdle(run: () => void): void {
  if ('requestIdleCallback' in window) requestIdleCallback(run, { timeout: PATIENCE });
  else setTimeout(run, 50);
}
