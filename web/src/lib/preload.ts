/** A file of the client that could not be fetched. */
export class Unfetched extends Error {}

/** Files that are there, or on their way, by their addresses. The shell names what it has fetched. */
const files = new Map<string, Promise<unknown> | undefined>();

/**
 * Imports a part of the client once its files are there: a browser never asks again for a module that it could not
 * fetch, as long as the page lives (HTML, module map), so that trying again would be in vain. `names` are relative to
 * the address `importer`. Throws `Unfetched`. The build has this in the place of Vite's own helper
 * (`tools/preload.ts`).
 */
export async function preload<T>(load: () => Promise<T>, names: string[] = [], importer?: string): Promise<T> {
  await Promise.all(names.map((name) => ready(new URL(name, importer).href)));
  return load();
}

function ready(address: string): Promise<unknown> | undefined {
  if (files.has(address) || document.querySelector(`link[href="${new URL(address).pathname}"]`)) {
    return files.get(address);
  }
  const coming = (address.endsWith('.css') ? style(address) : script(address)).catch((error) => {
    files.delete(address);
    throw error;
  });
  files.set(address, coming);
  return coming;
}

/** Leaves the file in the browser's cache, where the import finds it. */
async function script(address: string): Promise<void> {
  try {
    const answer = await fetch(address);
    await answer.arrayBuffer();
    if (answer.ok) return;
  } catch {
    // The browser says no more than that it failed.
  }
  throw new Unfetched(address);
}

function style(href: string): Promise<unknown> {
  const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', crossOrigin: '', href });
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => {
      link.remove();
      reject(new Unfetched(href));
    };
    document.head.append(link);
  });
}
