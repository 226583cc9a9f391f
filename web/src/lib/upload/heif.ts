/** A box of an ISO media file: where its content begins and ends. */
interface Box {
  type: string;
  start: number;
  end: number;
}

/** Boxes that tell something besides the picture, beside and within a sequence of pictures. */
const PERSONAL = ['uuid', 'udta'];

/** The items that do: EXIF, and XMP with all else that has a MIME type. */
const PERSONAL_ITEMS = ['Exif', 'mime'];

/** Brands of HEIF files, as HEIC and AVIF are. */
const BRANDS = /^(?:hei[cmsxf]|hev[cmsx]|mif1|mif2|msf1|avif|avis)$/;

/** A file that is not as the standard says, or says something in a way that is not known here. */
class Unknown extends Error {}

/**
 * Returns a HEIF file with what it tells besides its picture blanked in place. Pixels, colours and how it is turned
 * stay as they are, and so does the place of every byte. Returns nothing if it is no HEIF file, or has a form in
 * which something may be left: ISO/IEC 14496-12 for boxes, 23008-12 for items.
 */
export function blanked(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  try {
    if (!isHeif(view)) return undefined;
    blank(copy, view);
    return copy;
  } catch (error) {
    // A view says so where a file is cut off.
    if (error instanceof Unknown || error instanceof RangeError) return undefined;
    throw error;
  }
}

function isHeif(view: DataView): boolean {
  if (view.byteLength < 16 || textAt(view, 4) !== 'ftyp') return false;
  const end = Math.min(view.getUint32(0), view.byteLength);
  if (BRANDS.test(textAt(view, 8))) return true;
  for (let at = 16; at + 4 <= end; at += 4) if (BRANDS.test(textAt(view, at))) return true;
  return false;
}

function blank(bytes: Uint8Array, view: DataView): void {
  for (const box of boxes(view, 0, bytes.length)) {
    if (box.type === 'meta') blankItems(bytes, view, box);
    else if (box.type === 'moov' || box.type === 'trak') blankWithin(bytes, view, box);
    else if (PERSONAL.includes(box.type)) free(bytes, box);
  }
}

/** Blanks what a sequence tells, of itself and of its tracks. */
function blankWithin(bytes: Uint8Array, view: DataView, outer: Box): void {
  for (const box of boxes(view, outer.start, outer.end)) {
    if (box.type === 'trak') blankWithin(bytes, view, box);
    else if (box.type === 'meta' || PERSONAL.includes(box.type)) free(bytes, box);
  }
}

/** Makes a box one that readers skip. */
function free(bytes: Uint8Array, { start, end }: Box): void {
  // The type is before the content, unless the size is in 64 bits: then both are filled.
  bytes.set([0x66, 0x72, 0x65, 0x65], start - 4 - (isLong(bytes, start) ? 8 : 0));
  bytes.fill(0, start, end);
}

/** Whether the box whose content begins there has its size in 64 bits. Then the 32 of before say 1. */
function isLong(bytes: Uint8Array, start: number): boolean {
  return start >= 16 && [0, 0, 0, 1].every((byte, index) => bytes[start - 16 + index] === byte);
}

function blankItems(bytes: Uint8Array, view: DataView, meta: Box): void {
  // It has a version and flags before its boxes.
  const inner = [...boxes(view, meta.start + 4, meta.end)];
  const find = (type: string) => inner.find((box) => box.type === type);
  const [info, places, data] = [find('iinf'), find('iloc'), find('idat')];
  if (!info) return;
  const personal = itemsOf(view, info);
  if (personal.size === 0) return;
  if (!places) throw new Unknown('its items are nowhere');
  for (const { id, start, end } of extents(view, places, data)) {
    if (!personal.has(id)) continue;
    if (end > bytes.length) throw new Unknown('an item is beyond the file');
    bytes.fill(0, start, end);
    personal.set(id, true);
  }
  if ([...personal.values()].includes(false)) throw new Unknown('an item is nowhere');
}

/** Returns the ids of the items that tell something, none of which has been found yet. */
function itemsOf(view: DataView, info: Box): Map<number, boolean> {
  const items = new Map<number, boolean>();
  const short = view.getUint8(info.start) === 0;
  for (const { type, start } of boxes(view, info.start + (short ? 6 : 8), info.end)) {
    const version = view.getUint8(start);
    if (type !== 'infe' || version < 2) throw new Unknown('an item has no type');
    const wide = version > 2;
    const id = wide ? view.getUint32(start + 4) : view.getUint16(start + 4);
    // After the id comes how it is protected.
    if (PERSONAL_ITEMS.includes(textAt(view, start + (wide ? 10 : 8)))) items.set(id, false);
  }
  return items;
}

/** The pieces of all items, with their places in the file. */
function* extents(view: DataView, places: Box, data: Box | undefined): Generator<{ id: number } & Omit<Box, 'type'>> {
  let at = places.start;
  const read = (size: number): number => {
    at += size;
    if (size === 0) return 0;
    if (size === 1) return view.getUint8(at - 1);
    if (size === 2) return view.getUint16(at - 2);
    if (size === 4) return view.getUint32(at - 4);
    if (size === 8) return Number(view.getBigUint64(at - 8));
    throw new Unknown('a number has a size of its own');
  };
  const version = read(1);
  if (version > 2) throw new Unknown('places of a later version');
  at += 3;
  const [sizes, others] = [read(1), read(1)];
  const indexSize = version > 0 ? others & 15 : 0;
  for (let items = read(version < 2 ? 2 : 4); items > 0; items -= 1) {
    const id = read(version < 2 ? 2 : 4);
    const method = version > 0 ? read(2) & 15 : 0;
    const elsewhere = read(2) !== 0;
    const base = read(others >> 4) + (method === 1 ? (data?.start ?? 0) : 0);
    for (let count = read(2); count > 0; count -= 1) {
      at += indexSize;
      const start = base + read(sizes >> 4);
      const length = read(sizes & 15);
      // Whoever looks for it would look in the wrong place.
      if (elsewhere || method > 1 || length === 0 || (method === 1 && !data)) yield { id, start, end: Infinity };
      else yield { id, start, end: start + length };
    }
  }
}

function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  for (let at = from; at + 8 <= to; ) {
    const size = view.getUint32(at);
    const start = at + (size === 1 ? 16 : 8);
    const end = size === 0 ? to : at + (size === 1 ? Number(view.getBigUint64(at + 8)) : size);
    if (end < start || end > to) throw new Unknown('a box is larger than what it is in');
    yield { type: textAt(view, at + 4), start, end };
    at = end;
  }
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
