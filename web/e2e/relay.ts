import { readFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes everything on to a deployed client, of which it can make a newer version. */
export interface Relay {
  address: string;
  /** From now on the client is a newer one: another worker, and pages that say so. */
  renew(): void;
  /** From now on the client takes its worker away, by `version.json` alone or by a worker that removes itself as well. */
  removeWorker(also?: 'worker'): void;
  close(): void;
}

/** How pages of the newer version can be told. */
export const NEWER = 'meta[name="newer-version"]';

const REMOVED = readFileSync(new URL('../tools/removed-worker.js', import.meta.url));
const MARK = '<meta name="newer-version" content="">';

export async function startRelay(target: string): Promise<Relay> {
  const { version } = (await (await fetch(`${target}/_app/version.json`)).json()) as { version: string };
  let newer = false;
  const replaced = new Map<string, { type: string; body: string | Buffer }>();
  const server = createServer((request, response) => {
    const other = replaced.get(request.url ?? '');
    if (other) {
      response.writeHead(200, { 'Content-Type': other.type, 'Cache-Control': 'no-cache' }).end(other.body);
      return;
    }
    const headers = { ...request.headers, host: new URL(target).host };
    const passed = send(`${target}${request.url}`, { method: request.method, headers }, async (answer) => {
      const type = answer.headers['content-type'] ?? '';
      if (!newer || !/text\/html|javascript/.test(type)) {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        return;
      }
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      const text = Buffer.concat(parts).toString();
      const changed = request.url?.endsWith('/service-worker.js')
        ? text.replaceAll(version, `${version}1`)
        : text.replace('<head>', `<head>${MARK}`);
      const { 'content-length': _, etag: __, ...kept } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, kept);
      response.end(changed);
    });
    // What is changed is not compressed, and nobody has it yet.
    for (const name of ['accept-encoding', 'if-none-match', 'if-modified-since']) passed.removeHeader(name);
    passed.on('error', () => response.writeHead(502).end());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    renew: () => {
      newer = true;
    },
    removeWorker: (also) => {
      const body = JSON.stringify({ version, worker: 'remove' });
      replaced.set('/_app/version.json', { type: 'application/json', body });
      if (also) replaced.set('/service-worker.js', { type: 'text/javascript', body: REMOVED });
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
