import { describe, expect, test, vi } from 'vitest';
import { PLAIN } from './filters';
import { UNCUT } from './geometry';
import { blanked } from './heif';
import { anonymous, render } from './render';

const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));
const two = (value: number) => [value >> 8, value & 255];
const four = (value: number) => [...two(value >>> 16), ...two(value & 65535)];

const box = (type: string, ...content: number[][]) => {
  const body = content.flat();
  return [...four(body.length + 8), ...text(type), ...body];
};
const full = (type: string, version: number, ...content: number[][]) => box(type, [version, 0, 0, 0], ...content);

const PIXELS = text('the pixels of a lake');
const EXIF = [...four(0), ...text('Exif of the place')];
const XMP = text('<x:xmpmeta>who</x:xmpmeta>');
const FTYP = box('ftyp', text('heic'), four(0), text('mif1heic'));

const ITEMS = [
  { id: 1, type: 'hvc1', content: PIXELS },
  { id: 2, type: 'Exif', content: EXIF },
  { id: 3, type: 'mime', content: XMP },
];

interface Form {
  /** The version of the box of places, and that of each item's entry. */
  version?: number;
  entry?: number;
  /** Whether what is told is within the box of items, and not beside it. */
  inside?: boolean;
  items?: typeof ITEMS;
  more?: number[];
}

/** A file as phones write it. Its places are made twice, since they depend on their own length. */
function heif({
  version = 1,
  entry = 2,
  inside = false,
  items = ITEMS,
  more = [],
}: Form = {}): Uint8Array<ArrayBuffer> {
  const wide = (value: number) => (version === 2 ? four(value) : two(value));
  const infos = items.map(({ id, type }) =>
    full('infe', entry, entry === 3 ? four(id) : two(id), two(0), text(type), [0]),
  );
  const within = items.filter(({ type }) => inside && type !== 'hvc1');
  const beside = items.filter((item) => !within.includes(item));
  const build = (from: number) => {
    const place = ({ content }: { content: number[] }, all: typeof items) =>
      all
        .slice(
          0,
          all.findIndex((item) => item.content === content),
        )
        .reduce((sum, one) => sum + one.content.length, 0);
    const places = items.map((item) => {
      const idat = within.includes(item);
      const at = idat ? place(item, within) : from + place(item, beside);
      const method = version > 0 ? two(idat ? 1 : 0) : [];
      return [...wide(item.id), ...method, ...two(0), ...two(1), ...four(at), ...four(item.content.length)];
    });
    const meta = full(
      'meta',
      0,
      full('iinf', 0, two(items.length), ...infos),
      full('iloc', version, [0x44, 0x00], wide(items.length), ...places),
      box('idat', ...within.map(({ content }) => content)),
    );
    return [...FTYP, ...meta, ...more, ...box('mdat', ...beside.map(({ content }) => content))];
  };
  const begin = build(0).length - beside.reduce((sum, { content }) => sum + content.length, 0);
  return Uint8Array.from(build(begin));
}

const latin = (bytes: Uint8Array | undefined) => new TextDecoder('latin1').decode(bytes);

describe('a HEIF file', () => {
  test.each<Form>([{}, { version: 0 }, { version: 2, entry: 3 }, { inside: true }])(
    'loses EXIF and XMP, and keeps every other byte in its place (%o)',
    (form) => {
      const whole = heif(form);
      const kept = blanked(whole);
      expect(latin(whole)).toContain('Exif of the place');
      const expected = latin(whole)
        .replace(latin(Uint8Array.from(EXIF)), '\0'.repeat(EXIF.length))
        .replace(latin(Uint8Array.from(XMP)), '\0'.repeat(XMP.length));
      expect(latin(kept)).toBe(expected);
      expect(latin(kept)).toContain('the pixels of a lake');
    },
  );

  test('loses what is told beside its items and in a sequence', () => {
    const long = [...four(1), ...text('uuid'), ...four(0), ...four(22), ...text('secret')];
    const more = [
      ...box('uuid', text('XMP by an editor')),
      ...long,
      ...box('moov', box('trak', box('udta', text('+48.1')), box('mdia', text('frames'))), box('meta', text('title'))),
    ];
    const kept = latin(blanked(heif({ items: ITEMS.slice(0, 1), more })));
    for (const told of ['XMP by', 'secret', '+48.1', 'title', 'uuid', 'udta']) expect(kept).not.toContain(told);
    for (const stays of ['frames', 'the pixels of a lake', 'free']) expect(kept).toContain(stays);
  });

  test('that tells nothing stays as it is', () => {
    const whole = heif({ items: ITEMS.slice(0, 1) });
    expect(blanked(whole)).toEqual(whole);
  });

  test('in which something may be left is none of ours', () => {
    const whole = heif();
    // Cut off anywhere, it never claims to be clean while something is in it.
    for (let length = 0; length < whole.length; length += 1) {
      const kept = blanked(whole.slice(0, length));
      expect(latin(kept)).not.toMatch(/Exif of|xmpmeta/);
    }
    // An item whose bytes are in another item.
    const at = latin(whole).indexOf('iloc') + 4 + 4 + 4;
    whole[at + 16 + 3] = 2;
    expect(blanked(whole)).toBeUndefined();
  });
});

test('one that the browser cannot decode is uploaded without, unless it is to stay as it is', async () => {
  vi.stubGlobal('createImageBitmap', () => Promise.reject(new DOMException('it is HEIC', 'InvalidStateError')));
  const file = new Blob([heif()], { type: 'image/heic' });
  const edit = { cut: UNCUT, look: PLAIN };
  const sent = await render(file, edit, false);
  expect([sent.type, sent.size]).toEqual(['image/heic', file.size]);
  expect(latin(new Uint8Array(await sent.arrayBuffer()))).not.toContain('Exif of the place');
  expect(await render(file, edit, true)).toBe(file);
  const other = new Blob(['II*'], { type: 'image/tiff' });
  expect(await anonymous(other)).toBeUndefined();
  expect(await render(other, edit, false)).toBe(other);
  vi.unstubAllGlobals();
});

test.each(['\xff\xd8\xff\xe1..Exif of the place', '....ftypmp42........isom', 'II*\0', ''])(
  'what is no HEIF file is none of ours (%j)',
  (file) => {
    expect(blanked(Uint8Array.from(text(file)))).toBeUndefined();
  },
);
