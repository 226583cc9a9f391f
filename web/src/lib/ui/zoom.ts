import { type Point, spread } from './gesture';

/** How a picture is enlarged: moved and scaled from its upper left corner. */
export interface Zoom extends Point {
  scale: number;
}

type Fingers = ReturnType<typeof spread>;

export const NO_ZOOM: Readonly<Zoom> = { x: 0, y: 0, scale: 1 };
const MOST = 5;

/** How far the wheel turns for the double size (pixels). */
const DOUBLE = 100;

/** Returns the zoom after two fingers moved: what was between them still is. */
export function pinched(from: Fingers, to: Fingers): Zoom {
  const scale = limited(to.apart / Math.max(1, from.apart));
  return { x: to.x - scale * from.x, y: to.y - scale * from.y, scale };
}

/** Returns the zoom after the wheel turned by `delta` at a point, which stays where it is. */
export function wheeled(before: Zoom, at: Point, delta: number): Zoom {
  const scale = limited(before.scale * 2 ** (-delta / DOUBLE));
  if (scale === 1) return NO_ZOOM;
  const grown = scale / before.scale;
  return { x: at.x - grown * (at.x - before.x), y: at.y - grown * (at.y - before.y), scale };
}

function limited(scale: number): number {
  return Math.min(MOST, Math.max(1, scale));
}

/**
 * Enlarges a picture over all else: while two fingers are on it, or after a pinch on a touchpad, which the browser
 * tells as a turned wheel with Ctrl. It goes back when the fingers are lifted, or the pointer leaves it, or the page
 * is scrolled.
 */
export function zooms(node: HTMLElement) {
  const fingers = new Map<number, Point>();
  let zoom: Zoom = NO_ZOOM;
  let from: Fingers | undefined;
  let box: DOMRect | undefined;

  function show(next: Zoom) {
    zoom = next;
    node.classList.add('zoomed');
    node.style.transition = '';
    node.style.transform = `translate(${zoom.x}px, ${zoom.y}px) scale(${zoom.scale})`;
  }

  /** Lets it go back. It is over all else until it is there. */
  async function back() {
    if (zoom === NO_ZOOM) return;
    zoom = NO_ZOOM;
    from = undefined;
    node.style.transition = 'transform var(--calm)';
    node.style.transform = '';
    await Promise.allSettled(node.getAnimations().map(({ finished }) => finished));
    if (zoom !== NO_ZOOM) return;
    node.classList.remove('zoomed');
    node.style.transition = '';
    box = undefined;
  }

  /** A point within the picture as it is when it is not enlarged. */
  function pointOf(event: MouseEvent): Point {
    // While it goes back it is measured no more.
    box ??= node.getBoundingClientRect();
    return { x: event.clientX - box.x, y: event.clientY - box.y };
  }

  function down(event: PointerEvent) {
    if (event.pointerType !== 'touch') return;
    if (fingers.size === 0 && zoom === NO_ZOOM) box = undefined;
    fingers.set(event.pointerId, pointOf(event));
    from = fingers.size === 2 ? spread([...fingers.values()]) : undefined;
  }
  function move(event: PointerEvent) {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, pointOf(event));
    if (from) show(pinched(from, spread([...fingers.values()])));
  }
  function up(event: PointerEvent) {
    if (fingers.delete(event.pointerId)) void back();
  }
  /** Two fingers are ours. With one the page is scrolled. */
  function touched(event: TouchEvent) {
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  }
  function wheel(event: WheelEvent) {
    if (!event.ctrlKey) {
      void back();
      return;
    }
    event.preventDefault();
    if (zoom === NO_ZOOM) box = undefined;
    const next = wheeled(zoom, pointOf(event), event.deltaY);
    if (next === NO_ZOOM) void back();
    else show(next);
  }
  function leave(event: PointerEvent) {
    if (event.pointerType !== 'touch') void back();
  }

  const events = {
    pointerdown: down,
    pointermove: move,
    pointerup: up,
    pointercancel: up,
    pointerleave: leave,
    touchstart: touched,
    touchmove: touched,
    wheel,
  };
  for (const [name, run] of Object.entries(events)) {
    node.addEventListener(name, run as EventListener, { passive: false });
  }
  return {
    destroy() {
      for (const [name, run] of Object.entries(events)) node.removeEventListener(name, run as EventListener);
    },
  };
}
