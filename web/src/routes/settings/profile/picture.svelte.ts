import { api, ok, type Schemas } from '$lib/api/client';
import { attempt } from '$lib/api/http';
import { Problem } from '$lib/api/problem';
import { own } from '$lib/data/own.svelte';
import { ownPicture } from '$lib/own-picture.svelte';
import { m } from '$lib/paraglide/messages.js';
import { problemText } from '$lib/problems';
import { type Cut, regionOf, UNCUT } from '$lib/upload/geometry';
import { canvasOf, draw, jpegOf } from '$lib/upload/render';
import { formOf } from '$lib/upload/send';

type State = Schemas['PictureView'];

/** How long is waited before the state is asked for, the first time and at most, and for how long in all (ms). */
const FIRST = 300;
const LONGEST = 3000;
const PATIENCE = 120_000;

/** The longest side that is uploaded. The largest rendition is smaller. */
const LARGEST = 1080;

/** The shortest side that is taken: below it nothing is to be recognised. */
const SMALLEST = 64;

/** The largest square, in the middle. */
export const WHOLE: Readonly<Cut> = { ...UNCUT, ratio: '1:1' };

/** Changes and removes one's own profile picture. */
export class PictureChange {
  step: 'rest' | 'uploading' | 'processing' | 'removing' = $state('rest');
  /** Why the last change failed, or takes long. */
  failed: string | undefined = $state();

  constructor(private readonly wait: (ms: number) => Promise<void> = sleep) {}

  get busy(): boolean {
    return this.step !== 'rest';
  }

  /** Uploads a picture and waits until it is ready. Returns whether it is. */
  async upload(picture: Blob): Promise<boolean> {
    return this.#do('uploading', async () => {
      const before = own.profile?.picture.updated_at;
      const body = { content_type: picture.type, size: picture.size };
      const { upload } = await ok(api.POST('/api/v1/users/me/picture', { body }));
      await send(upload, picture);
      this.step = 'processing';
      const state = await this.#settled(before);
      if (state?.status === 'ready') ownPicture.changed();
      else this.failed = state ? failureText(state) : m.picture_slow();
      return state?.status === 'ready';
    });
  }

  /** Removes the picture. Returns whether it is gone. */
  async remove(): Promise<boolean> {
    return this.#do('removing', async () => {
      await ok(api.DELETE('/api/v1/users/me/picture'));
      ownPicture.changed();
      await own.read();
      return true;
    });
  }

  /** Asks until the state is final; `undefined` when that takes too long. A state of before does not count. */
  async #settled(before: string | null | undefined): Promise<State | undefined> {
    let pause = FIRST;
    for (let waited = 0; waited < PATIENCE; waited += pause) {
      await this.wait(pause);
      pause = Math.min(LONGEST, pause * 1.5);
      await own.read();
      if (own.problem && own.problem.status !== 0 && own.problem.status < 500) throw own.problem;
      const state = own.problem ? undefined : own.profile?.picture;
      const old = before && state?.updated_at === before;
      if (state && !old && state.status !== 'processing' && state.status !== 'none') return state;
    }
    return undefined;
  }

  async #do(step: typeof this.step, work: () => Promise<boolean>): Promise<boolean> {
    this.step = step;
    this.failed = undefined;
    try {
      return await work();
    } catch (error) {
      this.failed = problemText(Problem.from(error));
      return false;
    } finally {
      this.step = 'rest';
    }
  }
}

async function send(upload: Schemas['Upload'], picture: Blob): Promise<void> {
  const response = await attempt(new Request(upload.url, { method: 'POST', body: formOf(upload, picture) }));
  if (!response.ok) throw Problem.of(response, undefined);
}

/** Returns why a picture could not be processed. */
export function failureText(state: State): string {
  switch (state.failure?.code) {
    case 'image_too_large':
    case 'image_too_many_scans':
    case 'image_too_hard':
      return m.picture_failed_large();
    case 'image_unsupported':
      return m.picture_failed_kind();
    case 'image_empty':
    case 'upload_incomplete':
      return m.picture_failed_lost();
    default:
      return m.picture_failed();
  }
}

/** Decodes a file, turned as its camera was. Returns what is wrong with it when it cannot be used. */
export async function readImage(file: Blob): Promise<HTMLImageElement | string> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
  } catch {
    releaseImage(image);
    return m.picture_unreadable();
  }
  if (Math.min(image.naturalWidth, image.naturalHeight) >= SMALLEST) return image;
  releaseImage(image);
  return m.picture_too_small({ side: SMALLEST });
}

export function releaseImage(image: HTMLImageElement): void {
  URL.revokeObjectURL(image.src);
}

/** Renders what a square cut shows. */
export async function render(image: HTMLImageElement, cut: Cut): Promise<Blob> {
  const size = { width: image.naturalWidth, height: image.naturalHeight };
  const side = Math.min(LARGEST, Math.round(regionOf(size, cut).width));
  const canvas = canvasOf({ width: side, height: side });
  draw(canvas, image, size, cut);
  return jpegOf(canvas);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
