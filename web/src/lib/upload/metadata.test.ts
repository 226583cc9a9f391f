import { describe, expect, test } from 'vitest';
import { metadataOf, withoutMetadata } from './metadata';

const text = (value: string) => [...value].map((letter) => letter.charCodeAt(0));

function segment(marker: number, body: number[]): number[] {
  const length = body.length + 2;
  return [0xff, marker, length >> 8, length & 255, ...body];
}

/** EXIF whose first directory has an orientation. */
function exif(orientation: number, little: boolean): number[] {
  const two = (value: number) => (little ? [value & 255, value >> 8] : [value >> 8, value & 255]);
  const four = (value: number) => (little ? [...two(value), 0, 0] : [0, 0, ...two(value)]);
  const entry = [...two(0x0112), ...two(3), ...four(1), ...two(orientation), 0, 0];
  return [...text('Exif\0\0'), ...text(little ? 'II' : 'MM'), ...two(42), ...four(8), ...two(1), ...entry, ...four(0)];
}

const jfif = segment(0xe0, text('JFIF\0'));
const profile = segment(0xe2, text('ICC_PROFILE\0'));
const scan = [...segment(0xda, [1, 2, 3]), 9, 9, 0xff, 0xfe, 0, 3, 7, 0xff, 0xd9];
const jpeg = (...segments: number[][]) => Uint8Array.from([0xff, 0xd8, ...segments.flat(), ...scan]);

describe('a JPEG', () => {
  test('loses what is personal and keeps all else, byte by byte', async () => {
    const whole = jpeg(
      jfif,
      segment(0xe1, exif(1, true)),
      segment(0xe1, text('http://ns.adobe.com/xap/1.0/\0')),
      profile,
      segment(0xed, text('Photoshop 3.0\0')),
      segment(0xee, text('Adobe')),
      segment(0xfe, text('at home')),
    );
    const bytes = new Uint8Array(await withoutMetadata(whole).arrayBuffer());
    expect(bytes).toEqual(jpeg(jfif, profile, segment(0xee, text('Adobe'))));
    expect(metadataOf(bytes)).toEqual({ any: false, orientation: 1 });
  });

  test.each([true, false])('tells how it is turned (little endian: %s)', (little) => {
    for (const orientation of [1, 3, 6, 8]) {
      expect(metadataOf(jpeg(segment(0xe1, exif(orientation, little))))).toEqual({ any: true, orientation });
    }
  });

  test('with broken EXIF is not turned', () => {
    expect(metadataOf(jpeg(segment(0xe1, text('Exif\0\0II'))))).toEqual({ any: true, orientation: 1 });
    expect(metadataOf(jpeg(segment(0xe1, exif(77, true)))).orientation).toBe(1);
  });

  test('that is cut off is kept as far as it goes', async () => {
    const whole = jpeg(jfif, segment(0xe1, exif(1, true))).subarray(0, 20);
    expect(new Uint8Array(await withoutMetadata(whole).arrayBuffer())).toEqual(whole);
  });
});

test('other formats tell whether they hide something', () => {
  expect(metadataOf(Uint8Array.from(text('\x89PNG....IHDR....eXIf....')))).toMatchObject({ any: true });
  expect(metadataOf(Uint8Array.from(text('RIFF....WEBPVP8X....EXIF')))).toMatchObject({ any: true });
  expect(metadataOf(Uint8Array.from(text('RIFF....WEBPVP8 ')))).toMatchObject({ any: false });
});
