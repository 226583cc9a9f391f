import { fetched } from '$lib/lazy';
import { workerAddress } from '$lib/trusted';
import type { Done, Task } from '$lib/workers/image';
import address from '$lib/workers/image?worker&url';
import type { Edit, Opened } from './render';

type Work = Task extends infer T ? (T extends Task ? Omit<T, 'id'> : never) : never;

/** The worker of pictures, or the page itself where there is none. */
class Images {
  #worker: Worker | undefined | null;
  #next = 0;
  #waiting = new Map<number, { work: Work; resolve: (result: unknown) => void; reject: (error: Error) => void }>();

  /** Opens a file for the screen. Throws when the browser cannot decode it. */
  open(file: Blob): Promise<Opened> {
    return this.#ask({ kind: 'open', file }) as Promise<Opened>;
  }

  /** Returns the file to upload. */
  render(file: Blob, edit: Edit, keep: boolean): Promise<Blob> {
    return this.#ask({ kind: 'render', file, edit, keep }) as Promise<Blob>;
  }

  /** Whether a file that cannot be decoded tells nothing but its picture when it is rendered. */
  isCleanable(file: Blob): Promise<boolean> {
    return this.#ask({ kind: 'look', file }) as Promise<boolean>;
  }

  #ask(work: Work): Promise<unknown> {
    const worker = this.#start();
    if (!worker) return here(work);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { work, resolve, reject });
      worker.postMessage({ ...work, id });
    });
  }

  #start(): Worker | null {
    if (this.#worker === undefined) {
      // A worker without canvases (Safari before 16.4) would be of no use.
      this.#worker =
        typeof OffscreenCanvas === 'undefined' ? null : new Worker(workerAddress(address), { type: 'module' });
      this.#worker?.addEventListener('message', (event: MessageEvent<Done>) => this.#hear(event.data));
      this.#worker?.addEventListener('error', () => this.#fall());
    }
    return this.#worker;
  }

  #hear(done: Done): void {
    const asked = this.#waiting.get(done.id);
    this.#waiting.delete(done.id);
    if ('failed' in done) asked?.reject(new Error(done.failed));
    else asked?.resolve(done.result);
  }

  /** The worker did not load, or died: the page does its work. */
  #fall(): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { work, resolve, reject } of this.#waiting.values()) here(work).then(resolve, reject);
    this.#waiting.clear();
  }
}

async function here(work: Work): Promise<unknown> {
  const { anonymous, open, render } = await fetched(() => import('./render'));
  if (work.kind === 'open') return open(work.file);
  if (work.kind === 'look') return (await anonymous(work.file)) !== undefined;
  return render(work.file, work.edit, work.keep);
}

export const images = new Images();
