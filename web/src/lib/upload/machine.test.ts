import { describe, expect, test } from 'vitest';
import type { Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import { PLAIN } from './filters';
import { UNCUT } from './geometry';
import { isGivenUp, type Job, PATIENCE, type Ports, pauseAfter, progressOf, revive, run, TRIES } from './machine';
import { places } from './send';

type Step = 'prepare' | 'create' | 'send' | 'read';

/** A world with a clock of its own, whose steps fail as often as they are told to. */
class World {
  time = 0;
  connected = true;
  calls: string[] = [];
  saved: Job[] = [];
  waits: number[] = [];
  keys = 0;
  photos = new Map<string, string>();
  /** What each step answers next; a step without an entry succeeds. */
  next: Partial<Record<Step, (Error | (() => void) | undefined)[]>> = {};
  polls: Schemas['StatusView'][] = ['ready'];
  failure: Schemas['FailureView'] | undefined;
  createdStatus: Schemas['StatusView'] = 'processing';
  parallel = 0;
  most = 0;
  whenConnected: (() => void) | undefined;
  control = new AbortController();

  #step(step: Step): void {
    const next = this.next[step]?.shift();
    if (typeof next === 'function') next();
    else if (next) throw next;
  }

  ports: Ports = {
    prepare: async (picture) => {
      this.calls.push(`prepare ${picture.id}`);
      this.#step('prepare');
      return { content_type: 'image/jpeg', size: 100 };
    },
    create: async (body, key) => {
      this.calls.push(`create ${key}`);
      // The key has to be kept before it is used.
      expect(this.saved.at(-1)?.key).toBe(key);
      this.#step('create');
      const photoId = this.photos.get(key) ?? `photo-${this.photos.size + 1}`;
      this.photos.set(key, photoId);
      const uploads = body.media.map(() => ({ url: `/form-${this.calls.length}`, fields: {} }));
      const urls = { small: '', medium: '', large: '' };
      return {
        photo_id: photoId,
        user_id: '1',
        url: '',
        thumbnail_urls: urls,
        created_at: '',
        status: this.createdStatus,
        failure: this.failure,
        uploads: this.createdStatus === 'processing' ? uploads : [],
      };
    },
    send: async (_form, picture, sent) => {
      this.parallel += 1;
      this.most = Math.max(this.most, this.parallel);
      this.calls.push(`send ${picture.id}`);
      try {
        await Promise.resolve();
        sent(40);
        this.#step('send');
        sent(100);
      } finally {
        this.parallel -= 1;
      }
    },
    read: async (photoId) => {
      this.calls.push(`read ${photoId}`);
      this.#step('read');
      const status = this.polls.length > 1 ? this.polls.shift() : this.polls[0];
      return { photo_id: photoId, status, failure: this.failure } as unknown as Schemas['PhotoView'];
    },
    save: async (job) => void this.saved.push(structuredClone(job)),
    online: () => this.connected,
    connected: () =>
      new Promise((resolve) => {
        this.calls.push('wait for a connection');
        this.whenConnected = () => {
          this.connected = true;
          resolve();
        };
        this.whenOffline?.();
      }),
    wait: async (ms, signal) => {
      signal.throwIfAborted();
      this.waits.push(ms);
      this.time += ms;
    },
    now: () => this.time,
    random: () => 0.5,
    newKey: () => `key-${++this.keys + 1}`,
    inTurn: places(2),
  };

  whenOffline: (() => void) | undefined;

  run(job: Job) {
    return run(job, this.ports, this.control.signal);
  }

  count(prefix: string): number {
    return this.calls.filter((call) => call.startsWith(prefix)).length;
  }
}

function jobOf(count: number): Job {
  return {
    id: 'job',
    owner: '1',
    key: 'key-1',
    caption: ' sea ',
    location: '',
    tags: ['sea'],
    pictures: Array.from({ length: count }, (_, index) => ({
      id: `p${index}`,
      name: `${index}.jpg`,
      alt: '',
      edit: { cut: UNCUT, look: PLAIN },
      sent: 0,
      uploaded: false,
    })),
    stage: 'preparing',
    offline: false,
  };
}

const busy = () => new Problem('temporarily_unavailable', 503);
const lost = () => new Problem('offline', 0);

describe('a photo on its way', () => {
  test('is prepared, created, uploaded and ready', async () => {
    const world = new World();
    const job = jobOf(2);
    const view = await world.run(job);
    expect(view?.photo_id).toBe('photo-1');
    expect(world.calls).toEqual(['prepare p0', 'prepare p1', 'create key-1', 'send p0', 'send p1', 'read photo-1']);
  });

  test('keeps its key before it is used, and its photo after', async () => {
    const world = new World();
    await world.run(jobOf(1));
    const creating = world.saved.filter(({ stage }) => stage === 'creating');
    expect(creating[0]).toMatchObject({ key: 'key-1', pictures: [{ file: { size: 100 } }] });
    expect(creating.at(-1)?.photoId).toBe('photo-1');
  });

  test('uploads two pictures at a time', async () => {
    const world = new World();
    await world.run(jobOf(10));
    expect(world.most).toBe(2);
    expect(world.count('send')).toBe(10);
  });

  test('asks for the photo ever less often, at most each 3 s', async () => {
    const world = new World();
    world.polls = [...Array(9).fill('processing'), 'ready'];
    expect(await world.run(jobOf(1))).toBeDefined();
    expect(world.waits[0]).toBe(300);
    expect(world.waits.every((wait, index) => index === 0 || wait >= (world.waits[index - 1] ?? 0))).toBe(true);
    expect(world.waits.at(-1)).toBe(3000);
  });
});

describe('a step that fails for a while', () => {
  test.each(['create', 'send'] as const)('%s is tried five times, with longer pauses', async (step) => {
    const world = new World();
    world.next = { [step]: [busy(), lost(), busy(), busy()] };
    expect(await world.run(jobOf(1))).toBeDefined();
    expect(world.count(step)).toBe(TRIES);
    expect(world.waits.slice(0, 4)).toEqual([1500, 2500, 4500, 8500]);
  });

  test.each(['create', 'send'] as const)('%s that keeps failing can be retried', async (step) => {
    const world = new World();
    world.next = { [step]: Array.from({ length: TRIES }, busy) };
    const job = jobOf(1);
    expect(await world.run(job)).toBeUndefined();
    expect(job).toMatchObject({ stage: 'failed', failure: { code: 'temporarily_unavailable', retry: true } });
    expect(world.saved.at(-1)?.stage).toBe('failed');
    revive(job, world.ports.newKey);
    expect(await world.run(job)).toMatchObject({ photo_id: 'photo-1' });
    // It is still the same photo, and is rendered once.
    expect(job.key).toBe('key-1');
    expect(world.count('prepare')).toBe(1);
  });

  test('read is asked again within its time', async () => {
    const world = new World();
    world.next = { read: Array.from({ length: 12 }, busy) };
    expect(await world.run(jobOf(1))).toBeDefined();
  });

  test('pauses are from 1 to 30 s', () => {
    for (const random of [0, 0.3, 0.999]) {
      for (let tries = 1; tries < 12; tries += 1) {
        expect(pauseAfter(tries, random)).toBeGreaterThanOrEqual(1000);
        expect(pauseAfter(tries, random)).toBeLessThanOrEqual(30_000);
      }
    }
  });

  test('one picture that fails does not keep the others', async () => {
    const world = new World();
    world.next = { send: [new Problem('http_400', 400)] };
    const job = jobOf(4);
    await world.run(job);
    expect(job.pictures.map(({ uploaded }) => uploaded)).toEqual([false, true, true, true]);
    expect(job.failure).toMatchObject({ code: 'http_400', retry: false });
  });
});

describe('without a connection', () => {
  test.each(['create', 'send', 'read'] as const)('%s waits, and the wait is no try', async (step) => {
    const world = new World();
    const fail = () => {
      world.connected = false;
      throw lost();
    };
    world.next = { [step]: Array.from({ length: 2 * TRIES }, () => fail) };
    const job = jobOf(1);
    const seen: boolean[] = [];
    world.whenOffline = () => {
      seen.push(job.offline);
      queueMicrotask(() => world.whenConnected?.());
    };
    expect(await world.run(job)).toBeDefined();
    expect(seen).toEqual(Array(2 * TRIES).fill(true));
    expect(job.offline).toBe(false);
  });

  test('time without one is not the time of the API', async () => {
    const world = new World();
    world.polls = ['processing', 'ready'];
    world.next = {
      read: [
        () => {
          world.connected = false;
          throw lost();
        },
      ],
    };
    world.whenOffline = () => {
      world.time += 10 * PATIENCE;
      queueMicrotask(() => world.whenConnected?.());
    };
    expect(await world.run(jobOf(1))).toBeDefined();
  });
});

describe('a form that is too old', () => {
  test('is fetched anew by the same key, for what is not uploaded yet', async () => {
    const world = new World();
    world.next = { send: [undefined, new Problem('http_403', 403)] };
    const job = jobOf(2);
    expect(await world.run(job)).toBeDefined();
    expect(world.calls.slice(2)).toEqual([
      'create key-1',
      'send p0',
      'send p1',
      'create key-1',
      'send p1',
      'read photo-1',
    ]);
  });

  test('that is refused again and again is given up', async () => {
    const world = new World();
    world.next = { send: Array.from({ length: 9 }, () => new Problem('http_403', 403)) };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toMatchObject({ code: 'http_403', retry: true });
    expect(world.count('create')).toBe(TRIES);
  });
});

describe('after a reload', () => {
  test('only what is missing is uploaded, to the same photo', async () => {
    const world = new World();
    world.next = { send: [undefined, new Problem('http_400', 400)] };
    await world.run(jobOf(2));
    const kept = structuredClone(world.saved.at(-1)) as Job;
    world.calls = [];
    expect(await world.run(kept)).toMatchObject({ photo_id: 'photo-1' });
    expect(world.calls).toEqual(['create key-1', 'send p1', 'read photo-1']);
  });

  test('a photo that is all uploaded is only asked for', async () => {
    const world = new World();
    const job = jobOf(1);
    await world.run(job);
    const kept = structuredClone(world.saved.at(-1)) as Job;
    world.calls = [];
    await world.run(kept);
    expect(world.calls).toEqual(['read photo-1']);
  });

  test('a key older than a day makes another photo, which gets every picture', async () => {
    const world = new World();
    world.next = { send: [undefined, new Problem('http_400', 400)] };
    const job = jobOf(2);
    await world.run(job);
    world.photos.set('key-1', 'photo-9');
    world.calls = [];
    expect(await world.run(job)).toMatchObject({ photo_id: 'photo-9' });
    expect(world.count('send')).toBe(2);
  });

  test('a photo that became ready meanwhile is not uploaded again', async () => {
    const world = new World();
    world.createdStatus = 'ready';
    const job = jobOf(1);
    expect(await world.run(job)).toBeDefined();
    expect(world.count('send')).toBe(0);
  });
});

describe('a photo that fails', () => {
  test('says the code of the API, and is made anew when it is tried again', async () => {
    const world = new World();
    world.polls = ['failed'];
    world.failure = { code: 'image_corrupt', detail: '' };
    const job = jobOf(1);
    expect(await world.run(job)).toBeUndefined();
    expect(job.failure).toMatchObject({ code: 'image_corrupt', retry: false });
    revive(job, world.ports.newKey);
    expect(job).toMatchObject({ key: 'key-2', photoId: undefined, pictures: [{ uploaded: false, sent: 0 }] });
  });

  test('had failed before its request is repeated', async () => {
    const world = new World();
    world.createdStatus = 'failed';
    world.failure = { code: 'upload_incomplete', detail: '' };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toMatchObject({ code: 'upload_incomplete', retry: true });
    expect(isGivenUp('upload_incomplete')).toBe(true);
  });

  test('was deleted meanwhile', async () => {
    const world = new World();
    world.next = { read: [new Problem('photo_not_found', 404)] };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toMatchObject({ code: 'photo_not_found', retry: true });
  });

  test('is slow after two minutes, and can be asked for again', async () => {
    const world = new World();
    world.polls = ['processing'];
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toMatchObject({ code: 'slow', retry: true });
    expect(world.time).toBeGreaterThanOrEqual(PATIENCE);
    expect(world.time).toBeLessThan(PATIENCE + 5000);
    revive(job, world.ports.newKey);
    world.polls = ['ready'];
    world.calls = [];
    expect(await world.run(job)).toBeDefined();
    expect(world.calls).toEqual(['read photo-1']);
  });

  test('has no file any more', async () => {
    const world = new World();
    world.next = { prepare: [new Problem('file_gone', 404)] };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toEqual({ code: 'file_gone', retry: false, at: undefined });
    expect(world.count('create')).toBe(0);
  });

  test('is refused for its texts', async () => {
    const world = new World();
    world.next = { create: [new Problem('tag_invalid', 400)] };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toMatchObject({ code: 'tag_invalid', retry: false });
    expect(world.count('create')).toBe(1);
  });

  test('is over the limit until a time that is told', async () => {
    const world = new World();
    world.time = 5000;
    world.next = { create: [new Problem('upload_limit_reached', 429, 60)] };
    const job = jobOf(1);
    await world.run(job);
    expect(job.failure).toEqual({ code: 'upload_limit_reached', retry: true, at: 65_000 });
  });

  test('is asked for with another key when the first was used for something else', async () => {
    const world = new World();
    world.next = { create: [new Problem('idempotency_key_reused', 422)] };
    const job = jobOf(1);
    expect(await world.run(job)).toBeDefined();
    expect(job.key).toBe('key-2');
  });

  test('by a fault of ours is told as one, and can be retried', async () => {
    const world = new World();
    world.next = { prepare: [new TypeError('a fault')] };
    const job = jobOf(1);
    await expect(world.run(job)).rejects.toThrow('a fault');
    expect(job.failure).toMatchObject({ code: 'broken', retry: true });
  });
});

test.each(['prepare', 'create', 'send', 'read'] as const)(
  'nothing is done or kept once %s is cancelled',
  async (step) => {
    const world = new World();
    world.next = {
      [step]: [
        () => {
          world.control.abort(new DOMException('cancelled', 'AbortError'));
          throw world.control.signal.reason;
        },
      ],
    };
    const job = jobOf(1);
    expect(await world.run(job)).toBeUndefined();
    expect(job.stage).not.toBe('failed');
    expect(world.calls.at(-1)?.startsWith(step)).toBe(true);
  },
);

test('progress only grows, to nearly all', async () => {
  const world = new World();
  const job = jobOf(3);
  const seen: number[] = [];
  const { save } = world.ports;
  world.ports.save = async (kept) => {
    seen.push(progressOf(job));
    await save(kept);
  };
  await world.run(job);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBeCloseTo(0.95);
});
