import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { own } from '$lib/data/own.svelte';
import { PictureChange } from './picture.svelte';

const PICTURE = new Blob(['a picture'], { type: 'image/jpeg' });
const UPLOAD = {
  url: 'https://bucket.example/',
  fields: { key: 'incoming/1/picture/2', 'Content-Type': 'image/jpeg' },
};
const FORMER = { status: 'ready', updated_at: '2026-01-01T00:00:00Z' };

/** What the API says of the picture, one state a question; the last one stays. */
let states: object[];
let bucket: { status: number; form?: FormData };
let asked: number;

beforeEach(() => {
  states = [{ status: 'none' }];
  bucket = { status: 204 };
  asked = 0;
  own.forget();
  localStorage.clear();
  vi.stubGlobal('fetch', answer);
});

afterEach(() => vi.unstubAllGlobals());

async function answer(request: Request): Promise<Response> {
  const { pathname, host } = new URL(request.url);
  if (host === 'bucket.example') {
    bucket.form = await request.formData();
    return new Response(null, { status: bucket.status });
  }
  if (pathname.endsWith('/me/picture')) {
    if (request.method === 'DELETE') return new Response(null, { status: 204 });
    return Response.json({ upload: UPLOAD }, { status: 201 });
  }
  asked += 1;
  const picture = states.length > 1 ? states.shift() : states[0];
  return Response.json({ user_id: '1', username: 'anna', follower_count: 0, followed_by_you: false, picture });
}

const change = () => new PictureChange(async () => {});

describe('changing the profile picture', () => {
  it('posts the signed form, the file last, and waits until it is ready', async () => {
    states = [{ status: 'processing' }, { status: 'processing' }, { status: 'ready', updated_at: 'now' }];
    const one = change();
    expect(await one.upload(PICTURE)).toBe(true);
    expect([...(bucket.form?.keys() ?? [])]).toEqual(['key', 'Content-Type', 'file']);
    expect(asked).toBe(3);
    expect(one.step).toBe('rest');
    expect(one.failed).toBeUndefined();
    expect(localStorage.getItem('picture')).not.toBeNull();
  });

  it('does not take the picture of before for the new one', async () => {
    states = [FORMER, FORMER, { status: 'processing' }, { status: 'ready', updated_at: '2026-01-01T00:00:09Z' }];
    await own.read();
    expect(await change().upload(PICTURE)).toBe(true);
    expect(asked).toBe(4);
  });

  it.each([
    ['image_unsupported', 'This kind of file is not taken. Choose a JPEG, PNG or WebP.'],
    ['image_too_large', 'This picture is too large. Choose a smaller one.'],
    ['upload_incomplete', 'Your picture did not arrive. Upload it again.'],
    ['image_corrupt', 'Your picture could not be processed. Try another one.'],
  ])('says in words that it failed: %s', async (code, text) => {
    states = [{ status: 'failed', failure: { code, detail: '' }, updated_at: 'now' }];
    const one = change();
    expect(await one.upload(PICTURE)).toBe(false);
    expect(one.failed).toBe(text);
    expect(localStorage.getItem('picture')).toBeNull();
  });

  it('gives up asking after two minutes', async () => {
    states = [{ status: 'processing' }];
    let waited = 0;
    const one = new PictureChange(async (ms) => {
      waited += ms;
    });
    expect(await one.upload(PICTURE)).toBe(false);
    expect(one.failed).toBe('Your picture takes longer than usual. It appears once it is ready.');
    expect(waited).toBeGreaterThan(115_000);
    expect(waited).toBeLessThan(125_000);
  });

  it('says that the upload was refused, and asks for nothing', async () => {
    bucket.status = 403;
    const one = change();
    expect(await one.upload(PICTURE)).toBe(false);
    expect(one.failed).toBe('That did not work.');
    expect(asked).toBe(0);
  });

  it('removes it', async () => {
    const one = change();
    expect(await one.remove()).toBe(true);
    expect(own.profile?.picture.status).toBe('none');
  });
});
