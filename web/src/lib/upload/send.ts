import type { Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

/** An upload that moves no byte for this long is tried again (ms). */
const STALL = 60_000;

/** Returns the form that the API has signed. The file comes last: what follows it does not count. */
export function formOf({ fields }: Schemas['Upload'], file: Blob): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file);
  return form;
}

/**
 * Posts a file with its form. `sent` hears the bytes that have gone. Only
 * XMLHttpRequest tells them. Throws `Problem` with the status, or `offline` when there is no answer.
 */
export function post(
  upload: Schemas['Upload'],
  file: Blob,
  sent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    let timer = setTimeout(abort, STALL);
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(abort, STALL);
    };
    request.open('POST', upload.url);
    request.upload.onprogress = ({ loaded }) => {
      moved();
      sent(Math.min(loaded, file.size));
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new Problem(`http_${request.status}`, request.status));
    };
    request.onerror = () => reject(Problem.offline());
    request.onabort = () => reject(signal.aborted ? signal.reason : Problem.offline());
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    signal.addEventListener('abort', abort);
    request.send(formOf(upload, file));
  });
}

/** Lets so many works run at a time. The others wait for their turn. */
export function places(free: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** Resolves after `ms`. Throws at once when it is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(end, ms);
    function end() {
      signal.removeEventListener('abort', stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Resolves when the browser finds a connection. */
export function online(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (navigator.onLine) return resolve();
    addEventListener('online', () => resolve(), { once: true, signal });
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
