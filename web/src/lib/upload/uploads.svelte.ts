import { goto } from '$app/navigation';
import { api, ok } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { type PhotoCard, photoView } from '$lib/data/entities.svelte';
import { photosOf } from '$lib/data/pages';
import { m } from '$lib/paraglide/messages.js';
import { preferences } from '$lib/preferences.svelte';
import { session } from '$lib/session.svelte';
import { toasts } from '$lib/ui/toasts.svelte';
import { draft } from './draft.svelte';
import { images } from './images';
import { dropFiles, dropJob, keepFile, keepJob, readFile, readJob, readJobs } from './kept';
import { contentTypeOf } from './limits';
import { type Job, type JobPicture, type Ports, progressOf, revive, run } from './machine';
import { pending, shared } from './pending.svelte';
import { online, pause, places, post } from './send';

const inTurn = places(2);

/** A photo on its way, as the chip shows it. */
export class Upload {
  readonly job: Job;
  /** The first picture, once it is rendered. */
  thumb: string | undefined = $state();
  control = new AbortController();

  constructor(job: Job) {
    this.job = $state(job);
    const first = job.pictures[0];
    if (first?.file) void this.show(first);
  }

  get progress(): number {
    return progressOf(this.job);
  }

  async show(picture: JobPicture): Promise<void> {
    const file = await readFile('ready', picture.id);
    if (file && !this.thumb) this.thumb = URL.createObjectURL(file);
  }

  /** Shows no picture: the browser cannot decode it, or it is gone. */
  hide(): void {
    if (this.thumb) URL.revokeObjectURL(this.thumb);
    this.thumb = undefined;
  }
}

/** All photos on their way. One tab works on each: it holds the lock of the job until the job is done. */
class Uploads {
  all: Upload[] = $state.raw([]);
  #ended = new Map<string, () => void>();
  #restored = false;

  constructor() {
    addEventListener('online', () => {
      for (const upload of this.all) if (upload.job.failure?.code === 'offline') this.retry(upload);
    });
  }

  /** From 0 to 1 for all together. */
  get progress(): number {
    return this.all.reduce((sum, upload) => sum + upload.progress, 0) / Math.max(1, this.all.length);
  }

  get failed(): Upload[] {
    return this.all.filter(({ job }) => job.stage === 'failed');
  }

  /** Goes on with what was under way when the page was left. */
  async restore(): Promise<void> {
    if (this.#restored) return;
    this.#restored = true;
    const jobs = (await readJobs()).filter(({ owner }) => owner === session.me?.user_id);
    const known = new Set(this.all.map(({ job }) => job.id));
    for (const { id } of jobs) if (!known.has(id)) void this.#work(id, () => readJob(id));
    if (jobs.length === 0 && this.all.length === 0) pending.set(false);
  }

  /** Shares the draft. It returns once nothing of it can be lost; all else happens behind the screens. */
  async share(): Promise<void> {
    const me = session.me;
    if (!me || draft.pictures.length === 0) return;
    const { caption, location, tags, pictures } = draft.record(me.user_id);
    const job: Job = {
      id: crypto.randomUUID(),
      owner: me.user_id,
      key: crypto.randomUUID(),
      caption,
      location,
      tags,
      pictures: pictures.map(({ id, name, alt, edit }) => ({ id, name, alt, edit, sent: 0, uploaded: false })),
      stage: 'preparing',
      offline: false,
    };
    await keepJob(job);
    pending.set(true);
    await draft.empty();
    void this.#work(job.id, async () => job);
  }

  retry(upload: Upload): void {
    if (upload.job.stage !== 'failed') return;
    revive(upload.job, () => crypto.randomUUID());
    void this.#run(upload);
  }

  retryAll(): void {
    for (const upload of this.failed) if (upload.job.failure?.retry) this.retry(upload);
  }

  /** Stops a photo and takes back what the API has of it. */
  async cancel(upload: Upload): Promise<void> {
    const { job } = upload;
    await this.#stop(upload);
    await dropFiles(job.pictures.map(({ id }) => id));
  }

  /** Makes the photo a draft again. Returns whether there was room: the draft at hand is not thrown away. */
  async edit(upload: Upload): Promise<boolean> {
    await draft.restore();
    if (draft.pictures.length > 0) return false;
    const { owner, caption, location, tags, pictures } = $state.snapshot(upload.job) as Job;
    await dropFiles(
      pictures.map(({ id }) => id),
      ['ready'],
    );
    const unsent = pictures.map(({ id, name, alt, edit }) => ({ id, name, alt, edit }));
    await draft.fill({ owner, step: 'edit', caption, location, tags, pictures: unsent });
    await this.#stop(upload);
    return true;
  }

  async #stop(upload: Upload): Promise<void> {
    upload.control.abort(new DOMException('it is cancelled', 'AbortError'));
    await this.#forget(upload);
    const { photoId } = upload.job;
    if (!photoId) return;
    const path = { params: { path: { photo_id: photoId } } };
    // What is not taken back now is swept up as unfinished.
    await ok(api.DELETE('/api/v1/photos/{photo_id}', path)).catch((error) => Problem.from(error));
  }

  /** Works on a job until it is done, in one tab only. Another tab takes over when this one is closed. */
  async #work(id: string, read: () => Promise<Job | undefined>): Promise<void> {
    const hold = async () => {
      const job = await read();
      if (!job || job.owner !== session.me?.user_id) return;
      const upload = new Upload(job);
      this.all = [...this.all, upload];
      const ended = new Promise<void>((resolve) => this.#ended.set(id, resolve));
      if (job.stage !== 'failed') void this.#run(upload);
      await ended;
    };
    await (navigator.locks ? navigator.locks.request(`upload/${id}`, hold) : hold());
  }

  async #run(upload: Upload): Promise<void> {
    upload.control = new AbortController();
    try {
      const view = await run(upload.job, portsOf(upload), upload.control.signal);
      if (view) await this.#finish(upload, view);
    } catch (error) {
      reportError(error);
    }
  }

  async #finish(upload: Upload, view: Parameters<typeof photoView>[0]): Promise<void> {
    await this.#forget(upload);
    await dropFiles(upload.job.pictures.map(({ id }) => id));
    const photo = photoView(view);
    photosOf((view as PhotoCard).user_id).insertTop(photo);
    shared(photo);
    toasts.say(m.new_shared(), { label: m.new_open(), run: () => goto(`/p/${photo.id}`) });
  }

  async #forget(upload: Upload): Promise<void> {
    const { id } = upload.job;
    this.all = this.all.filter((other) => other !== upload);
    upload.hide();
    await dropJob(id);
    this.#ended.get(id)?.();
    this.#ended.delete(id);
    if (this.all.length === 0 && (await readJobs()).length === 0) pending.set(false);
  }

  /** Stops everything: the session has ended. */
  clear(): void {
    for (const upload of this.all) upload.control.abort(new DOMException('the session has ended', 'AbortError'));
    for (const ended of this.#ended.values()) ended();
    this.#ended.clear();
    this.all = [];
    this.#restored = false;
  }
}

function portsOf(upload: Upload): Ports {
  return {
    async prepare(picture, signal) {
      const file = await readFile('file', picture.id);
      if (!file) throw new Problem('file_gone', 404);
      const edit = $state.snapshot(picture.edit) as JobPicture['edit'];
      const ready = await images.render(file, edit, preferences.originals);
      signal.throwIfAborted();
      await keepFile('ready', picture.id, ready);
      if (picture === upload.job.pictures[0]) void upload.show(picture);
      return {
        content_type: contentTypeOf({ name: picture.name, type: ready.type }) ?? 'image/jpeg',
        size: ready.size,
      };
    },
    create(body, key, signal) {
      return ok(api.POST('/api/v1/photos', { body, params: { header: { 'Idempotency-Key': key } }, signal }));
    },
    async send(form, picture, sent, signal) {
      const file = await readFile('ready', picture.id);
      if (!file) throw new Problem('file_gone', 404);
      await post(form, file, sent, signal);
    },
    read(photoId, signal) {
      return ok(api.GET('/api/v1/photos/{photo_id}', { params: { path: { photo_id: photoId } }, signal }));
    },
    async save(job) {
      // A job that was cancelled meanwhile is not kept again.
      if (!upload.control.signal.aborted) await keepJob($state.snapshot(job) as Job);
    },
    online: () => navigator.onLine,
    connected: online,
    wait: pause,
    now: Date.now,
    random: Math.random,
    newKey: () => crypto.randomUUID(),
    inTurn,
  };
}

export const uploads = new Uploads();

session.onEnd(() => uploads.clear());
