/** How far from the screen a card is kept whole (pixels). */
const MARGIN = 2400;

let observer: IntersectionObserver | undefined;
const heard = new WeakMap<Element, (near: boolean, height: number) => void>();

/** Calls `hear` when the element comes near the screen or leaves, with its height by then. */
export function observeNear(node: Element, hear: (near: boolean, height: number) => void): () => void {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const entry of entries) heard.get(entry.target)?.(entry.isIntersecting, entry.boundingClientRect.height);
    },
    { rootMargin: `${MARGIN}px 0px` },
  );
  heard.set(node, hear);
  observer.observe(node);
  return () => {
    heard.delete(node);
    observer?.unobserve(node);
  };
}
