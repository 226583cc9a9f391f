// @vitest-environment node
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { removeWorker } from './remove-worker.mjs';

test('a build that removes the worker says so, in every variant of both files', () => {
  const build = mkdtempSync(join(tmpdir(), 'build-'));
  mkdirSync(join(build, '_app'));
  writeFileSync(join(build, '_app/version.json'), '{"version":"1"}');
  writeFileSync(join(build, 'service-worker.js'), 'bad');
  removeWorker(build);
  const variants = (name: string) => {
    const read = (ending: string) => readFileSync(join(build, name + ending));
    return [read(''), brotliDecompressSync(read('.br')), gunzipSync(read('.gz'))].map(String);
  };
  const version = '{"version":"1","worker":"remove"}';
  expect(variants('_app/version.json')).toEqual([version, version, version]);
  const [plain = '', ...others] = variants('service-worker.js');
  expect(others).toEqual([plain, plain]);
  expect(plain).not.toContain('bad');
});

test('the worker in its place removes itself and the kept client, and answers nothing', async () => {
  const heard = new Map<string, (event: object) => unknown>();
  const names = new Set(['client-1', 'client-2', 'shared']);
  const done: string[] = [];
  const self = {
    addEventListener: (name: string, run: (event: object) => unknown) => heard.set(name, run),
    skipWaiting: () => done.push('takes over'),
    registration: { unregister: async () => done.push('removed') },
  };
  const caches = { keys: async () => [...names], delete: async (name: string) => names.delete(name) };
  runInNewContext(readFileSync(new URL('./removed-worker.js', import.meta.url), 'utf8'), { self, caches });
  heard.get('install')?.({});
  let work: unknown;
  heard.get('activate')?.({ waitUntil: (promise: unknown) => (work = promise) });
  await work;
  expect([done, [...names], heard.has('fetch')]).toEqual([['takes over', 'removed'], ['shared'], false]);
});
