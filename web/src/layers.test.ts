// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const MESSAGES = fileURLToPath(new URL('../messages', import.meta.url));

interface Source {
  /** Its path below `src`. */
  path: string;
  text: string;
}

interface Import {
  from: string;
  /** What it names: a path below `src`, or a package. */
  what: string;
  /** Whether nothing of it is left at run time. */
  types: boolean;
}

const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|svelte)$/.test(path) && !path.startsWith('lib/paraglide/') && !path.endsWith('schema.d.ts'))
  .map((path): Source => ({ path, text: readFileSync(join(SOURCES, path), 'utf8') }));
const components = sources.filter(({ path }) => path.endsWith('.svelte'));
/** What browsers run. */
const shipped = sources.filter(({ path }) => !path.endsWith('.test.ts'));
const imports = shipped.flatMap(importsOf);

function importsOf({ path, text }: Source): Import[] {
  const stated = text.matchAll(/^(?:import|export)\s+(?:([^'"]*?)\s+from\s+)?'([^']+)'/gm);
  const later = text.matchAll(/\bimport\('([^']+)'\)/g);
  return [
    ...[...stated].map(([, names = '', what = '']) => ({
      from: path,
      what: resolve(path, what),
      types: onlyTypes(names),
    })),
    ...[...later].map(([, what = '']) => ({ from: path, what: resolve(path, what), types: false })),
  ];
}

function resolve(path: string, what: string): string {
  if (what.startsWith('$lib/')) return what.replace('$lib/', 'lib/');
  return what.startsWith('.') ? relative('/', join('/', dirname(path), what)) : what;
}

function onlyTypes(names: string): boolean {
  if (names.startsWith('type ')) return true;
  const [, listed] = /^\{(.*)\}$/s.exec(names) ?? [];
  const all = listed?.split(',').map((name) => name.trim());
  return all?.every((name) => !name || name.startsWith('type ')) ?? false;
}

/** The imports that break a rule, to be read in a report. */
function found(breaks: (one: Import) => boolean): string[] {
  return imports.filter(breaks).map(({ from, what }) => `${from} imports ${what}`);
}

/** The paths of sources that have something in their text. */
function having(these: Source[], pattern: RegExp): string[] {
  return these.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

/** The first folder below `routes`: a screen with all of its parts. */
const screenOf = (path: string) => /^routes\/(?:([^/]+)\/)?/.exec(path)?.[1] ?? '';
const isRoute = (path: string) => path.startsWith('routes/');

describe('layers', () => {
  test('there is something to hold', () => {
    expect(components.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(300);
  });

  test('no screen imports from another', () => {
    const apart = ({ from, what }: Import) => isRoute(from) && isRoute(what) && screenOf(from) !== screenOf(what);
    expect(found(apart)).toEqual([]);
  });

  test('the library imports from no screen', () => {
    expect(found(({ from, what }) => from.startsWith('lib/') && isRoute(what))).toEqual([]);
  });

  test('parts that know no data import none but types', () => {
    const knows = ({ from, what, types }: Import) =>
      from.startsWith('lib/ui/') && !types && /^lib\/(data|cards|upload|api\/client)/.test(what);
    expect(found(knows)).toEqual([]);
  });

  test('data know nothing of what shows them', () => {
    expect(found(({ from, what }) => /^lib\/(data|api)\//.test(from) && /^lib\/(ui|cards)\//.test(what))).toEqual([]);
  });
});

describe('components', () => {
  test('none puts text in as HTML', () => {
    expect(having(shipped, /\{@html|\.innerHTML\b/)).toEqual([]);
  });

  test('none has an inline style, which the policy refuses', () => {
    expect(having(components, /\sstyle=/)).toEqual([]);
  });

  test('each is written in TypeScript', () => {
    const typed = having(components, /<script lang="ts"/);
    const scripts = having(components, /<script(?![^>]*lang="ts")/);
    expect(components.map(({ path }) => path).filter((path) => !typed.includes(path))).toEqual([]);
    expect(scripts).toEqual([]);
  });
});

describe('messages', () => {
  const keysOf = (locale: string) =>
    readdirSync(join(MESSAGES, locale)).flatMap((file) => {
      const messages = JSON.parse(readFileSync(join(MESSAGES, locale, file), 'utf8')) as object;
      return Object.keys(messages).map((key) => `${file}: ${key}`);
    });
  const english = keysOf('en');

  test('German has the keys of English', () => {
    expect(keysOf('de').sort()).toEqual([...english].sort());
  });

  test('no key is in two files', () => {
    const names = english.map((key) => key.split(': ')[1]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('every key is used', () => {
    const used = new Set(sources.flatMap(({ text }) => [...text.matchAll(/\bm\.(\w+)/g)].map(([, name]) => name)));
    expect(english.filter((key) => !used.has(key.split(': ')[1]))).toEqual([]);
  });
});
