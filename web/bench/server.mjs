// Serves a build of the client as the edge does, with pictures and API of a running cloud below the same address: over
// TLS and HTTP/2, which browsers speak with the distribution. HTTP/1.1 would let them ask for six files at once.
import { createHash, X509Certificate } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { request as send } from 'node:http';
import { createSecureServer } from 'node:http2';
import { extname, join } from 'node:path';
import { generate } from 'selfsigned';

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

/** How many pages the long feed has. */
const PAGES = 60;

/** What a connection says of itself. HTTP/2 has none of it. */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/** Makes a certificate that lasts a day, and the digest of its key, by which a browser is told to trust it. */
export async function makeCertificate() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    notAfterDate: new Date(Date.now() + 24 * 3600_000),
  });
  const der = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return { key, cert, digest: createHash('sha256').update(der).digest('base64') };
}

/** Starts a server for the build in `folder` and resolves to its address. */
export async function serve(folder, cloud, { key, cert }) {
  const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
    const url = new URL(request.url, 'http://bench');
    if (url.pathname === '/api/v1/feed' && request.headers['x-long-feed']) longFeed(request, response, url, cloud);
    else if (url.pathname.startsWith('/api/') || url.pathname.startsWith('/photos/')) pass(request, response, cloud);
    else file(request, response, url.pathname, folder);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `https://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

function file(request, response, path, folder) {
  const wanted = path === '/' ? '/index.html' : path;
  const found = existsSync(join(folder, wanted)) && statSync(join(folder, wanted)).isFile() ? wanted : '/200.html';
  const brotli = existsSync(join(folder, `${found}.br`)) && /\bbr\b/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, {
    'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
    'cache-control': found.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(brotli && { 'content-encoding': 'br' }),
  });
  createReadStream(join(folder, brotli ? `${found}.br` : found)).pipe(response);
}

function pass(request, response, cloud) {
  const headers = { ...withoutConnection(request.headers), host: new URL(cloud).host };
  const passed = send(`${cloud}${request.url}`, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, withoutConnection(answer.headers));
    answer.pipe(response);
  });
  passed.on('error', () => response.writeHead(502).end());
  request.pipe(passed);
}

function withoutConnection(headers) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(':') && !OF_CONNECTION.has(name)),
  );
}

/** The same photos again and again under other ids, so that a feed of a thousand cards needs no thousand uploads. */
async function longFeed(request, response, url, cloud) {
  const { cookie } = request.headers;
  const headers = { cookie, 'x-session': 'cookie', 'sec-fetch-site': 'same-origin' };
  const answer = await fetch(`${cloud}/api/v1/feed`, { headers });
  const page = await answer.json();
  const number = Number(url.searchParams.get('cursor') ?? 0);
  const photos = page.photos.map((photo, index) => ({ ...photo, photo_id: String(10 ** 6 * (number + 1) + index) }));
  const more = number + 1 < PAGES;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ photos, next_cursor: more ? String(number + 1) : null, has_more: more, caught_up: !more }),
  );
}
