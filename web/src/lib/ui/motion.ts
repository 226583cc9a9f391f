/** Whether the person wants little motion. Style sheets know by themselves; scrolling by code and transitions ask. */
export function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** How code scrolls. */
export function smoothly(): ScrollBehavior {
  return isCalm() ? 'instant' : 'smooth';
}
