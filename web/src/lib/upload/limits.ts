/** What the API takes (docs/openapi.json). Texts are counted in characters, as the API does. */
export const MAX_MEDIA = 10;
export const MAX_BYTES = 50 * 1024 * 1024;
export const MAX_CAPTION = 2200;
export const MAX_LOCATION = 100;
export const MAX_ALT = 1000;
export const MAX_TAGS = 30;
export const MAX_TAG = 100;

/** The types that are taken, by the endings of their files. */
const TYPES: Record<string, string> = {
  jpg: 'jpeg',
  jpeg: 'jpeg',
  jfif: 'jpeg',
  pjpeg: 'jpeg',
  png: 'png',
  apng: 'png',
  webp: 'webp',
  gif: 'gif',
  avif: 'avif',
  heic: 'heic',
  heif: 'heic',
  'heic-sequence': 'heic',
  'heif-sequence': 'heic',
  tif: 'tiff',
  tiff: 'tiff',
  bmp: 'bmp',
  'ms-bmp': 'bmp',
};

/** What a file chooser offers. Endings are named too: many systems know no type for HEIC. */
export const ACCEPT = 'image/*,.heic,.heif,.avif,.tif,.tiff';

type Named = Pick<File, 'name' | 'type'>;

/** Returns the type to declare for a file, or nothing if no such files are taken. */
export function contentTypeOf({ name, type }: Named): string | undefined {
  const declared = /^image\/(?:x-)?(.+)$/.exec(type.toLowerCase())?.[1];
  const ending = /\.([^.]+)$/.exec(name.toLowerCase())?.[1];
  // Some systems give no type, or a general one.
  const known = (declared && TYPES[declared]) ?? (type === '' || type.endsWith('octet-stream') ? ending : undefined);
  const found = known && TYPES[known];
  return found && `image/${found}`;
}

export type Refusal = 'type' | 'empty' | 'large' | 'many';

export interface Choice<T> {
  taken: T[];
  refused: { name: string; why: Refusal }[];
}

/** Sorts files into those that are taken beside `held` others, and those that are not, each with its reason. */
export function choose<T extends Named & { size: number }>(files: T[], held: number): Choice<T> {
  const choice: Choice<T> = { taken: [], refused: [] };
  for (const file of files) {
    const why = refusal(file, held + choice.taken.length);
    if (why) choice.refused.push({ name: file.name, why });
    else choice.taken.push(file);
  }
  return choice;
}

function refusal(file: Named & { size: number }, held: number): Refusal | undefined {
  if (!contentTypeOf(file)) return 'type';
  if (file.size === 0) return 'empty';
  if (file.size > MAX_BYTES) return 'large';
  return held >= MAX_MEDIA ? 'many' : undefined;
}
