import type { Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { Edit } from './render';

/** One picture of a photo on its way. Its files are kept apart, under its id. */
export interface JobPicture {
  id: string;
  name: string;
  alt: string;
  edit: Edit;
  /** What is uploaded, once it is rendered. It is rendered once: the API takes a repeated request for the same only. */
  file?: { content_type: string; size: number };
  /** Bytes sent so far. */
  sent: number;
  uploaded: boolean;
}

export interface Failure {
  /** The API's code, or one of ours: `offline`, `slow`, `file_gone`, `http_<status>`. */
  code: string;
  /** Whether the same may be tried again; otherwise something has to be changed first. */
  retry: boolean;
  /** When it may be tried again (ms). */
  at?: number;
}

export type Stage = 'preparing' | 'creating' | 'sending' | 'processing' | 'failed';

/** A photo on its way to the API: all that is needed to go on after a reload. */
export interface Job {
  id: string;
  /** Whose it is. */
  owner: string;
  /** Makes a repeated request answer with the same photo. */
  key: string;
  caption: string;
  location: string;
  tags: string[];
  pictures: JobPicture[];
  photoId?: string;
  stage: Stage;
  /** Whether it waits for a connection. */
  offline: boolean;
  failure?: Failure;
}

/** All that the machine does to the world. */
export interface Ports {
  /** Renders a picture, and keeps what is to be uploaded. Throws `Problem` `file_gone` when its file is not there. */
  prepare(picture: JobPicture, signal: AbortSignal): Promise<NonNullable<JobPicture['file']>>;
  create(body: Schemas['CreatePhotoRequest'], key: string, signal: AbortSignal): Promise<Schemas['CreatedPhoto']>;
  /** Uploads a prepared picture. Throws `Problem` with the status of the answer, 0 for none. */
  send(
    upload: Schemas['Upload'],
    picture: JobPicture,
    sent: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  read(photoId: string, signal: AbortSignal): Promise<Schemas['PhotoView']>;
  /** Keeps the job as it is now. */
  save(job: Job): Promise<void>;
  online(): boolean;
  /** Resolves when there is a connection. */
  connected(signal: AbortSignal): Promise<void>;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  newKey(): string;
  /** Runs `work` when one of the few places for uploads is free. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** How often a step is tried. */
export const TRIES = 5;
/** How long the API may take to render a photo (ms). */
export const PATIENCE = 120_000;
const FIRST_POLL = 300;
const LAST_POLL = 3_000;

/** The time before the next try (ms): 1 to 30 s, longer and more scattered each time. */
export function pauseAfter(tries: number, random: number): number {
  const most = Math.min(30_000, 1_000 * 2 ** tries);
  return 1_000 + random * (most - 1_000);
}

/** The form of an upload is too old. */
class Expired extends Error {}

/**
 * Brings a photo to the API and returns it once it is ready. It goes on where the job stands, so that it may be called
 * again after a reload or a failure. Returns nothing when the job has failed, which `job.failure` then tells.
 */
export async function run(job: Job, ports: Ports, signal: AbortSignal): Promise<Schemas['PhotoView'] | undefined> {
  return new Run(job, ports, signal).all();
}

/** Makes a failed job ready to run again. A photo that the API has given up needs a new request. */
export function revive(job: Job, newKey: () => string): void {
  if (job.failure && isGivenUp(job.failure.code)) {
    job.key = newKey();
    forgetUploads(job);
  }
  job.failure = undefined;
  job.stage = 'preparing';
}

/** Whether a code says that the photo itself has failed or is gone, and will not become ready. */
export function isGivenUp(code: string): boolean {
  return code.startsWith('image_') || code === 'upload_incomplete' || code === 'photo_not_found';
}

function forgetUploads(job: Job): void {
  job.photoId = undefined;
  for (const picture of job.pictures) {
    picture.uploaded = false;
    picture.sent = 0;
  }
}

/** Returns how much of a job is done, 0 to 1. Rendering and processing have their share. */
export function progressOf(job: Job): number {
  const [all, prepared] = [job.pictures.length, job.pictures.filter((picture) => picture.file).length];
  const size = job.pictures.reduce((sum, picture) => sum + (picture.file?.size ?? 0), 0);
  const sent = job.pictures.reduce((sum, { file, sent }) => sum + Math.min(sent, file?.size ?? 0), 0);
  // While some are not rendered, their sizes are not known.
  const share = prepared === all && size > 0 ? sent / size : 0;
  return (prepared / Math.max(1, all)) * 0.1 + share * 0.85;
}

class Run {
  constructor(
    private readonly job: Job,
    private readonly ports: Ports,
    private readonly signal: AbortSignal,
  ) {}

  async all(): Promise<Schemas['PhotoView'] | undefined> {
    const { job, ports, signal } = this;
    job.failure = undefined;
    try {
      await this.#prepare();
      return await this.#deliver();
    } catch (error) {
      if (signal.aborted) return undefined;
      job.stage = 'failed';
      job.failure = this.#failureOf(error);
      await ports.save(job);
      // A fault of ours is told as such as well.
      if (!(error instanceof Problem)) throw error;
      return undefined;
    } finally {
      job.offline = false;
    }
  }

  async #enter(stage: Stage): Promise<void> {
    this.signal.throwIfAborted();
    this.job.stage = stage;
    await this.ports.save(this.job);
  }

  async #prepare(): Promise<void> {
    for (const picture of this.job.pictures) {
      if (picture.file) continue;
      await this.#enter('preparing');
      picture.file = await this.ports.prepare(picture, this.signal);
    }
  }

  async #deliver(): Promise<Schemas['PhotoView']> {
    const { job } = this;
    for (let rounds = 1; ; rounds += 1) {
      if (!job.photoId || job.pictures.some((picture) => !picture.uploaded)) {
        const created = await this.#create();
        if (created.status === 'failed') throw givenUp(created.failure);
        try {
          if (created.status === 'processing') await this.#sendAll(created.uploads);
        } catch (error) {
          if (!(error instanceof Expired)) throw error;
          if (rounds === TRIES) throw new Problem('http_403', 403);
          // The same request gets fresh forms.
          continue;
        }
      }
      return await this.#ready(job.photoId as string);
    }
  }

  async #create(): Promise<Schemas['CreatedPhoto']> {
    const { job, ports, signal } = this;
    // Saved before the call with its key: whatever happens to the answer, the next call is for the same photo.
    await this.#enter('creating');
    const create = () => this.#patiently(() => ports.create(requestOf(job), job.key, signal));
    let created: Schemas['CreatedPhoto'];
    try {
      created = await create();
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'idempotency_key_reused') throw error;
      // Another version of this photo was asked for with the key.
      job.key = ports.newKey();
      await ports.save(job);
      created = await create();
    }
    if (created.photo_id !== job.photoId) {
      // The key is older than a day, or it is the first answer: nothing of this photo is uploaded.
      forgetUploads(job);
      job.photoId = created.photo_id;
    }
    await ports.save(job);
    return created;
  }

  /** Uploads what is not uploaded yet. One that fails does not keep the others from it. */
  async #sendAll(uploads: Schemas['Upload'][]): Promise<void> {
    const { job, ports } = this;
    await this.#enter('sending');
    const results = await Promise.allSettled(
      job.pictures.map(async (picture, index) => {
        const upload = uploads[index];
        if (picture.uploaded) return;
        if (!upload) throw new Error('there is no form for a picture');
        await ports.inTurn(() => this.#send(picture, upload));
      }),
    );
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    const worst = failures.find((failure) => !(failure instanceof Expired)) ?? failures[0];
    if (worst) throw worst;
  }

  async #send(picture: JobPicture, upload: Schemas['Upload']): Promise<void> {
    const { job, ports, signal } = this;
    await this.#patiently(async () => {
      signal.throwIfAborted();
      picture.sent = 0;
      try {
        await ports.send(upload, picture, (bytes) => (picture.sent = bytes), signal);
      } catch (error) {
        if (error instanceof Problem && error.status === 403) throw new Expired();
        throw error;
      }
    });
    picture.sent = picture.file?.size ?? 0;
    picture.uploaded = true;
    await ports.save(job);
  }

  /** Asks for the photo until it is ready. */
  async #ready(photoId: string): Promise<Schemas['PhotoView']> {
    const { ports, signal } = this;
    await this.#enter('processing');
    let until = ports.now() + PATIENCE;
    for (let pause = FIRST_POLL; ; pause = Math.min(LAST_POLL, pause * 1.5)) {
      await ports.wait(pause, signal);
      const waited = ports.now();
      await this.#connected();
      // Time without a connection is not the API's.
      until += ports.now() - waited;
      const view = await this.#look(photoId);
      if (view?.status === 'ready') return view;
      if (view?.status === 'failed') throw givenUp(view.failure);
      if (ports.now() >= until) throw new Problem('slow', 0);
    }
  }

  async #look(photoId: string): Promise<Schemas['PhotoView'] | undefined> {
    try {
      return await this.ports.read(photoId, this.signal);
    } catch (error) {
      if (!isTransient(error)) throw error;
      return undefined;
    }
  }

  /** Tries a step again after failures that pass. Without a connection it waits, which is no try. */
  async #patiently<T>(step: () => Promise<T>): Promise<T> {
    const { ports, signal } = this;
    for (let tries = 1; ; ) {
      await this.#connected();
      try {
        return await step();
      } catch (error) {
        signal.throwIfAborted();
        if (!isTransient(error)) throw error;
        if (!ports.online()) continue;
        if (tries === TRIES) throw error;
        await ports.wait(pauseAfter(tries, ports.random()), signal);
        tries += 1;
      }
    }
  }

  async #connected(): Promise<void> {
    const { job, ports, signal } = this;
    if (ports.online()) return;
    job.offline = true;
    await ports.connected(signal);
    job.offline = false;
  }

  #failureOf(error: unknown): Failure {
    if (!(error instanceof Problem)) return { code: 'broken', retry: true };
    const { code, status, retryAfter } = error;
    const at = retryAfter === undefined ? undefined : this.ports.now() + retryAfter * 1000;
    const again =
      isTransient(error) || status === 403 || status === 429 || code === 'slow' || code === 'photo_not_found';
    return { code, retry: again || code === 'upload_incomplete' || code === 'image_unprocessable', at };
  }
}

/** Whether a failure may pass by itself. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Problem) || isGivenUp(error.code)) return false;
  const { status, code } = error;
  return code === 'offline' || code === 'http_0' || status >= 500 || status === 408;
}

function givenUp(failure: Schemas['FailureView'] | null | undefined): Problem {
  return new Problem(failure?.code ?? 'image_unprocessable', 200);
}

function requestOf(job: Job): Schemas['CreatePhotoRequest'] {
  return {
    caption: job.caption.trim() || null,
    location: job.location.trim() || null,
    tags: job.tags.length > 0 ? [...job.tags] : null,
    media: job.pictures.map(({ file, alt }) => {
      if (!file) throw new Error('a picture is not prepared');
      return { ...file, alt: alt.trim() || null };
    }),
  };
}
