/** How long a press is a long one (ms), and how far it may move meanwhile (pixels). */
const LONG = 500;
const STEADY = 10;

/** Hears a long press on a button, or a click with the right button of the mouse. It is no click then. */
export function holds(node: HTMLElement, held: () => unknown) {
  let timer = 0;
  let start = { x: 0, y: 0 };
  let long = false;

  function hold() {
    long = true;
    held();
  }
  const events: Record<string, (event: PointerEvent) => void> = {
    pointerdown: ({ button, clientX, clientY }) => {
      clearTimeout(timer);
      long = false;
      start = { x: clientX, y: clientY };
      if (button === 0) timer = window.setTimeout(hold, LONG);
    },
    pointermove: ({ clientX, clientY }) => {
      if (Math.hypot(clientX - start.x, clientY - start.y) > STEADY) clearTimeout(timer);
    },
    pointerup: () => clearTimeout(timer),
    pointercancel: () => clearTimeout(timer),
    contextmenu: (event) => {
      event.preventDefault();
      clearTimeout(timer);
      // A finger that is held has been heard by then.
      if (!long) hold();
    },
    click: (event) => {
      if (long && event.detail > 0) event.stopImmediatePropagation();
      long = false;
    },
  };
  for (const [name, run] of Object.entries(events)) node.addEventListener(name, run as EventListener, true);
  return {
    destroy() {
      clearTimeout(timer);
      for (const [name, run] of Object.entries(events)) node.removeEventListener(name, run as EventListener, true);
    },
  };
}
