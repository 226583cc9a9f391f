// How a click on a notification leads to its place: the worker asks a page that is there, and opens one where none is.

interface Lead {
  /** The path to go to. */
  lead: string;
}

/** What a worker knows of the pages of its origin. The client is typed as a page, which has no word for it. */
interface Pages {
  matchAll: (options: { type: 'window'; includeUncontrolled: boolean }) => Promise<readonly Page[]>;
  openWindow: (address: string) => Promise<unknown>;
}

interface Page {
  focused: boolean;
  visibilityState: DocumentVisibilityState;
  focus: () => Promise<unknown>;
  navigate: (address: string) => Promise<unknown>;
  postMessage: (message: unknown, transfer: Transferable[]) => void;
}

/** How long a page has to say that it goes there itself (ms). One that is loading does not. */
const PATIENCE = 1000;

/** Leads to an address of ours, in a page that is there. */
export async function lead(pages: Pages, address: string, patience = PATIENCE): Promise<void> {
  const all = await pages.matchAll({ type: 'window', includeUncontrolled: true });
  const page =
    all.find(({ focused }) => focused) ?? all.find(({ visibilityState }) => visibilityState === 'visible') ?? all[0];
  if (!page) {
    await pages.openWindow(address);
    return;
  }
  // Browsers may refuse it, as when the click was long ago.
  await page.focus().catch(() => {});
  if (await goes(page, address, patience)) return;
  await page.navigate(address).catch(() => pages.openWindow(address));
}

/** Asks a page to go there itself, so that nothing of it is lost. Returns whether it does. */
function goes(page: Page, address: string, patience: number): Promise<boolean> {
  const { pathname, search } = new URL(address);
  const { port1, port2 } = new MessageChannel();
  return new Promise<boolean>((resolve) => {
    port1.onmessage = () => resolve(true);
    setTimeout(resolve, patience, false);
    page.postMessage({ lead: pathname + search } satisfies Lead, [port2]);
  }).finally(() => port1.close());
}

/** Goes where the worker says. Returns what ends it. */
export function heedLead(go: (path: string) => unknown): () => void {
  const hear = ({ data, ports }: MessageEvent<Partial<Lead> | null>) => {
    if (!data?.lead) return;
    ports[0]?.postMessage(true);
    void go(data.lead);
  };
  navigator.serviceWorker?.addEventListener('message', hear);
  return () => navigator.serviceWorker?.removeEventListener('message', hear);
}
