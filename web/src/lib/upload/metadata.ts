/** What a file tells about itself besides its picture. */
export interface Metadata {
  /** Whether there is anything personal in it: EXIF (where it was taken, with what), XMP, IPTC or comments. */
  any: boolean;
  /** The EXIF orientation, 1 to 8. A picture is upright when it is 1. */
  orientation: number;
}

const PLAIN: Metadata = { any: false, orientation: 1 };

/** The names under which other formats hold EXIF and XMP. */
const MARKS = ['Exif', 'EXIF', 'eXIf', 'XML:com.adobe.xmp', 'http://ns.adobe.com', 'XMP ', 'iTXt', 'tEXt', 'mime'];

/** Reads what a file tells besides its picture. */
export function metadataOf(bytes: Uint8Array): Metadata {
  if (isJpeg(bytes)) {
    const metadata = { ...PLAIN };
    for (const segment of segments(bytes)) {
      if (!isPersonal(segment.marker)) continue;
      metadata.any = true;
      const body = bytes.subarray(segment.start + 4, segment.end);
      if (segment.marker === 0xe1 && startsWith(body, 'Exif\0\0'))
        metadata.orientation = orientationOf(body.subarray(6));
    }
    return metadata;
  }
  const text = new TextDecoder('latin1').decode(bytes);
  return { any: MARKS.some((mark) => text.includes(mark)), orientation: 1 };
}

/** Returns a JPEG without what it tells besides its picture. Pixels and colour profile stay as they are, bit by bit. */
export function withoutMetadata(bytes: Uint8Array<ArrayBuffer>): Blob {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let from = 0;
  for (const { marker, start, end } of segments(bytes)) {
    if (!isPersonal(marker)) continue;
    kept.push(bytes.subarray(from, start));
    from = end;
  }
  return new Blob([...kept, bytes.subarray(from)], { type: 'image/jpeg' });
}

interface Segment {
  marker: number;
  start: number;
  end: number;
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8;
}

/** APP1 and APP3 to APP13, APP15 and comments. APP0 (JFIF), APP2 (colour profile) and APP14 (Adobe) tell how to decode. */
function isPersonal(marker: number): boolean {
  return marker === 0xfe || (marker >= 0xe1 && marker <= 0xef && marker !== 0xe2 && marker !== 0xee);
}

/** The segments of a JPEG before its picture. */
function* segments(bytes: Uint8Array): Generator<Segment> {
  let start = 2;
  while (start + 4 <= bytes.length && bytes[start] === 0xff) {
    const marker = bytes[start + 1] as number;
    if (marker === 0xff) {
      // A fill byte.
      start += 1;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const end = start + 2 + ((bytes[start + 2] as number) << 8) + (bytes[start + 3] as number);
    if (end > bytes.length) return;
    yield { marker, start, end };
    start = end;
  }
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return [...text].every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

/** Reads tag 0x0112 of the first directory of a TIFF header. */
function orientationOf(tiff: Uint8Array): number {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  try {
    const little = view.getUint16(0) === 0x4949;
    const directory = view.getUint32(4, little);
    const count = view.getUint16(directory, little);
    for (let index = 0; index < count; index += 1) {
      const entry = directory + 2 + index * 12;
      if (view.getUint16(entry, little) === 0x0112) {
        const value = view.getUint16(entry + 8, little);
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
  } catch {
    // It is broken, and turns nothing.
  }
  return 1;
}
