import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from '@playwright/test';

const PICTURES = fileURLToPath(new URL('../../localstack/cloud/demo/pictures/', import.meta.url));

export const PASSWORD = 'a test is no secret';

/** Returns the path of a picture of the demo world. */
export function picture(name: string): string {
  return `${PICTURES}${name}`;
}

export interface Account {
  user_id: string;
  username: string;
  token: string;
}

export interface Draft {
  caption?: string;
  location?: string;
  tags?: string[];
  /** Names of pictures of the demo world, with what is to be seen. */
  media: [name: string, alt?: string][];
}

/** Makes what a test needs, through the API, as apps do. */
export class World {
  constructor(private readonly base: string) {}

  /** Opens an account. Each test has its own. */
  async account(name = 'test'): Promise<Account> {
    const username = `${name}_${Math.random().toString(36).slice(2, 10)}`;
    const body = { username, email: `${username}@example.org`, password: PASSWORD };
    const session = await this.call<{ user_id: string; access_token: string }>('POST', 'auth/register', body);
    return { user_id: session.user_id, username, token: session.access_token };
  }

  async follow(who: Account, whom: Account): Promise<void> {
    await this.call('POST', `users/${whom.user_id}/follow`, undefined, who);
  }

  async like(who: Account, photoId: string): Promise<void> {
    await this.call('POST', `photos/${photoId}/like`, undefined, who);
  }

  async makePrivate(who: Account): Promise<void> {
    await this.call('PATCH', 'users/me', { private: true }, who);
  }

  /** Gives somebody another full name. */
  async rename(who: Account, full_name: string): Promise<void> {
    await this.call('PATCH', 'users/me', { full_name }, who);
  }

  /** Waits until somebody who searches for a text finds another, or no longer does. */
  async searched(reader: Account, text: string, whom: Account, found = true): Promise<void> {
    await expect(async () => {
      const path = `search?q=${encodeURIComponent(text)}`;
      const page = await this.call<{ users: { user_id: string }[] }>('GET', path, undefined, reader);
      expect(page.users.some(({ user_id }) => user_id === whom.user_id)).toBe(found);
    }).toPass({ timeout: 60_000 });
  }

  /** Makes a collection with a photo in it. Returns its id. */
  async collection(who: Account, name: string, photoId: string): Promise<string> {
    const made = await this.call<{ collection_id: string }>('POST', 'users/me/collections', { name }, who);
    await this.call('POST', `photos/${photoId}/save`, { collection: made.collection_id }, who);
    return made.collection_id;
  }

  /** Posts a photo and waits until it is ready. Returns its id. */
  async post(author: Account, draft: Draft): Promise<string> {
    const files = draft.media.map(([name]) => readFileSync(picture(name)));
    const media = draft.media.map(([, alt], index) => ({
      content_type: 'image/jpeg',
      size: files[index]?.length,
      alt,
    }));
    const created = await this.call<{ photo_id: string; uploads: { url: string; fields: Record<string, string> }[] }>(
      'POST',
      'photos',
      { ...draft, media },
      author,
    );
    for (const [index, upload] of created.uploads.entries()) {
      const form = new FormData();
      for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
      form.append('file', new Blob([new Uint8Array(files[index] ?? [])]));
      const answer = await fetch(upload.url, { method: 'POST', body: form });
      expect(answer.status).toBe(204);
    }
    await expect(async () => {
      const photo = await this.call<{ status: string }>('GET', `photos/${created.photo_id}`, undefined, author);
      expect(photo.status).toBe('ready');
    }).toPass({ timeout: 60_000 });
    return created.photo_id;
  }

  /** Waits until somebody's feed begins with the photo. */
  async inFeed(reader: Account, photoId: string): Promise<void> {
    await expect(async () => {
      const feed = await this.call<{ photos: { photo_id: string }[] }>('GET', 'feed', undefined, reader);
      expect(feed.photos.map((photo) => photo.photo_id)).toContain(photoId);
    }).toPass({ timeout: 60_000 });
  }

  /** Writes a comment, and waits until others find it: only then it is liked, pinned or replied to. Returns its id. */
  async comment(writer: Account, photoId: string, text: string): Promise<string> {
    const path = `photos/${photoId}/comments`;
    const { comment_id } = await this.call<{ comment_id: string }>('POST', path, { text }, writer);
    await expect(() => this.call('GET', `${path}/${comment_id}/replies`, undefined, writer)).toPass({
      timeout: 60_000,
    });
    return comment_id;
  }

  async call<T>(method: string, path: string, body?: object, who?: Account): Promise<T> {
    const headers: Record<string, string> = { 'Content-Type': 'application/json' };
    if (who) headers.Authorization = `Bearer ${who.token}`;
    const answer = await fetch(`${this.base}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}
