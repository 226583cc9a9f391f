/** The longest time between the two taps (ms), and how far they may be apart (pixels). */
const GAP = 300;
const REACH = 24;

/** How long a press is a long one (ms), and how far it may move meanwhile (pixels). */
const LONG = 500;
const STEADY = 10;

interface Heard {
  /** Two taps or clicks, with the place of the second within the element. */
  double: (x: number, y: number) => unknown;
  /** A long press, or a click with the right button. Without it both are left to the browser. */
  long?: () => unknown;
  /** Whether a mouse is left to the browser: with one text is selected. */
  fingers?: boolean;
}

/** Hears double taps and long presses on a picture, by finger, pen and mouse alike. Its buttons hear their own. */
export function taps(node: HTMLElement, heard: Heard) {
  let last: { at: number; x: number; y: number } | undefined;
  let start: { x: number; y: number } | undefined;
  let timer = 0;

  function down(event: PointerEvent) {
    clearTimeout(timer);
    // A second finger makes it something else.
    start = undefined;
    if (!event.isPrimary || event.button !== 0 || (event.target as Element).closest('button')) return;
    if (heard.fingers && event.pointerType === 'mouse') return;
    start = { x: event.clientX, y: event.clientY };
    if (event.pointerType !== 'mouse') timer = window.setTimeout(() => heard.long?.(), LONG);
  }
  function move(event: PointerEvent) {
    if (start && Math.hypot(event.clientX - start.x, event.clientY - start.y) > STEADY) clearTimeout(timer);
  }
  function up(event: PointerEvent) {
    clearTimeout(timer);
    if (!start || !event.isPrimary || event.button !== 0) return;
    const { clientX: x, clientY: y, timeStamp: at } = event;
    if (Math.hypot(x - start.x, y - start.y) > STEADY) return;
    if (last && at - last.at < GAP && Math.hypot(x - last.x, y - last.y) < REACH) {
      const box = node.getBoundingClientRect();
      heard.double(x - box.left, y - box.top);
      last = undefined;
    } else {
      last = { at, x, y };
    }
  }
  function menu(event: Event) {
    if (!heard.long) return;
    event.preventDefault();
    clearTimeout(timer);
    heard.long();
  }
  const cancel = () => clearTimeout(timer);

  const events = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel, contextmenu: menu };
  for (const [name, run] of Object.entries(events)) node.addEventListener(name, run as EventListener);
  return {
    destroy() {
      cancel();
      for (const [name, run] of Object.entries(events)) node.removeEventListener(name, run as EventListener);
    },
  };
}
