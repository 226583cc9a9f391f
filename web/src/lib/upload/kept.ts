import { createStore, del, delMany, entries, get, set } from 'idb-keyval';
import { session } from '$lib/session.svelte';
import type { Job } from './machine';
import type { Edit } from './render';

/** What of a draft is kept. Its files are apart, since they are large and do not change. */
export interface DraftRecord {
  owner: string;
  step: 'edit' | 'details';
  caption: string;
  location: string;
  tags: string[];
  pictures: { id: string; name: string; alt: string; edit: Edit }[];
}

const store = createStore('new-photos', 'kept');

/** Files of this visit: where the browser keeps nothing, an upload still works until the next reload. */
const held = new Map<string, Blob>();

/** Keeps a value. A browser that is full or keeps nothing is no reason to stop. */
async function keep(key: string, value: unknown): Promise<void> {
  await set(key, value, store).catch(() => {});
}

export const readDraft = () => get<DraftRecord>('draft', store).catch(() => undefined);
export const keepDraft = (draft: DraftRecord) => keep('draft', draft);
export const dropDraft = () => del('draft', store).catch(() => {});

export const keepJob = (job: Job) => keep(`job/${job.id}`, job);
export const readJob = (id: string) => get<Job>(`job/${id}`, store).catch(() => undefined);
export const dropJob = (id: string) => del(`job/${id}`, store).catch(() => {});

/** Returns the jobs that are kept. */
export async function readJobs(): Promise<Job[]> {
  const all = await entries<string, Job>(store).catch(() => []);
  return all.filter(([key]) => key.startsWith('job/')).map(([, job]) => job);
}

/** `file`: as it was chosen. `ready`: as it is uploaded. */
type Kind = 'file' | 'ready';

export async function keepFile(kind: Kind, id: string, file: Blob): Promise<void> {
  held.set(`${kind}/${id}`, file);
  await keep(`${kind}/${id}`, file);
}

export async function readFile(kind: Kind, id: string): Promise<Blob | undefined> {
  return held.get(`${kind}/${id}`) ?? (await get<Blob>(`${kind}/${id}`, store).catch(() => undefined));
}

export async function dropFiles(ids: string[], kinds: Kind[] = ['file', 'ready']): Promise<void> {
  const keys = ids.flatMap((id) => kinds.map((kind) => `${kind}/${id}`));
  for (const key of keys) held.delete(key);
  await delMany(keys, store).catch(() => {});
}

// The databases are emptied with all else (`$lib/forget`).
session.onEnd(() => held.clear());
