import { readFileSync } from 'node:fs';
import type { Page, Route } from '@playwright/test';
import { difference, fetched, fromCamera, noteSent, QUARTER_LEFT, QUARTER_RIGHT, tells, UPRIGHT } from './pictures';
import { expect, test } from './test';
import { picture } from './world';

// What a worker passes on is not seen by routes.
test.use({ serviceWorkers: 'block' });

interface Photo {
  photo_id: string;
  media: { alt: string; width: number; height: number; urls: { large: string } }[];
}

/** Whether a request is an upload to the bucket. */
const isUpload = (url: URL) => /uploadsbucket/i.test(url.href);

test('three pictures are cropped, described and shared, upright and without a place', async ({ page, world, me }) => {
  const earlier = await world.post(me, { media: [['bricks.jpg', 'Bricks']] });
  const sent = await noteSent(page);
  const turned = fromCamera('cat.jpg', QUARTER_RIGHT);
  const placed = fromCamera('coffee.jpg', UPRIGHT);
  await choose(page, [file('turned.jpg', turned), file('placed.jpg', placed), file('macaws.jpg')]);
  await expect(page.getByRole('button', { name: /^Picture \d of 3$/ })).toHaveCount(3);

  await page.getByRole('button', { name: 'Picture 3 of 3' }).click();
  await page.getByRole('radio', { name: 'Square 1:1' }).check({ force: true });
  await page.getByRole('tab', { name: 'Describe' }).click();
  for (const [index, alt] of ['A cat, turned', 'A cup of coffee', 'Two macaws'].entries()) {
    await page.getByRole('button', { name: `Picture ${index + 1} of 3` }).click();
    await page.getByLabel('What the picture shows').fill(alt);
  }
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Caption').fill('Three at once');

  // The last one waits, so that progress can be seen.
  const uploads = await holdUploads(page, (count) => count === 3);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect(page.getByRole('heading', { name: 'Feed', exact: true })).toBeAttached();
  const chip = page.getByRole('button', { name: /Uploads: Sharing · \d+%/ });
  await chip.click();
  const bars = page.getByRole('dialog', { name: 'Uploads' }).getByRole('progressbar');
  await expect(bars.nth(0)).toHaveAttribute('value', '1');
  await expect(bars.nth(1)).toHaveAttribute('value', '1');
  await expect(bars.nth(2)).not.toHaveAttribute('value', '1');
  await expect(chip).toHaveAccessibleName(/ [1-9]\d%/);
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: 'You', exact: true }).click();
  const grid = page.getByRole('main').locator('a[href^="/p/"]');
  await expect(grid).toHaveAttribute('href', `/p/${earlier}`);
  uploads.release();
  await shared(page);
  await expect(grid).toHaveCount(2);
  await expect(grid.first()).toHaveAccessibleName('A cat, turned');

  const [photo] = (await world.call<{ photos: Photo[] }>('GET', `users/${me.user_id}/photos`, undefined, me)).photos;
  const [cat, cup, macaws] = photo?.media ?? [];
  if (!cat || !cup || !macaws) throw new Error('the photo has not three pictures');
  expect([cat.alt, cup.alt, macaws.alt]).toEqual(['A cat, turned', 'A cup of coffee', 'Two macaws']);
  expect(cat.height).toBeGreaterThan(cat.width);
  expect(macaws.width).toBe(macaws.height);
  const [seenCat, seenCup] = [await fetched(page, cat.urls.large), await fetched(page, cup.urls.large)];
  expect(await difference(page, seenCat, turned)).toBeLessThan(6);
  expect(await difference(page, seenCat, fromCamera('cat.jpg', QUARTER_LEFT))).toBeGreaterThan(20);
  expect(await difference(page, seenCup, placed)).toBeLessThan(6);
  expect([turned, placed].map(tells)).toEqual([true, true]);
  expect(sent.map(tells)).toEqual([false, false, false]);
  expect([seenCat, seenCup].map(tells)).toEqual([false, false]);
});

test.describe('a sharing that is troubled', () => {
  test.skip(({ isMobile }) => isMobile, 'what happens behind the screens is the same on every device');

  test('goes on when the connection is back', async ({ page, context, world, me }) => {
    const asked = noteAsked(page);
    await draft(page, ['cat.jpg', 'bricks.jpg']);
    await page.route(isUpload, async (route) => {
      await expect(page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible();
      await context.setOffline(true);
      await route.abort('internetdisconnected');
    });
    await page.getByRole('button', { name: 'Share' }).click();
    await expect(page.getByRole('button', { name: 'Uploads: Waiting for a connection' })).toBeVisible();
    await page.unroute(isUpload);
    await context.setOffline(false);
    await shared(page);
    await isOnePhoto(world.call('GET', `users/${me.user_id}/photos`, undefined, me), asked, 2);
  });

  test('goes on after a reload, with what had not arrived', async ({ page, world, me }) => {
    const asked = noteAsked(page);
    await draft(page, ['cat.jpg', 'bricks.jpg', 'coffee.jpg']);
    const uploads = await holdUploads(page, (count) => count > 1);
    await page.getByRole('button', { name: 'Share' }).click();
    // The third begins when the first has arrived.
    await expect.poll(() => uploads.count).toBe(3);
    await page.reload();
    uploads.release();
    await shared(page);
    expect(uploads.count).toBe(5);
    expect(asked).toHaveLength(2);
    await isOnePhoto(world.call('GET', `users/${me.user_id}/photos`, undefined, me), asked, 3);
  });

  test('asks for a fresh form when one has expired', async ({ page, world, me }) => {
    const asked = noteAsked(page);
    await draft(page, ['cat.jpg', 'bricks.jpg']);
    let expired = false;
    await page.route(isUpload, async (route) => {
      if (expired) return route.continue();
      expired = true;
      const headers = { 'Access-Control-Allow-Origin': '*' };
      await route.fulfill({ status: 403, headers, body: '<Error><Code>AccessDenied</Code></Error>' });
    });
    await page.getByRole('button', { name: 'Share' }).click();
    await shared(page);
    expect(expired).toBe(true);
    expect(asked).toHaveLength(2);
    await isOnePhoto(world.call('GET', `users/${me.user_id}/photos`, undefined, me), asked, 2);
  });

  test('says what was wrong with a file, and gives the draft back', async ({ page, world, me }) => {
    await choose(page, [file('cat.jpg'), file('broken.jpg', Buffer.from('no picture at all'))]);
    await page.getByRole('button', { name: 'Picture 2 of 2' }).click();
    await expect(page.getByText('This browser cannot show the picture')).toBeVisible();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByLabel('Caption').fill('One of two');
    await page.getByRole('button', { name: 'Share' }).click();

    await page.getByRole('button', { name: 'Uploads: 1 photo was not shared' }).click({ timeout: 60_000 });
    const dialog = page.getByRole('dialog', { name: 'Uploads' });
    await expect(dialog.getByText('A picture has a format that we cannot read.')).toBeVisible();
    await dialog.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('button', { name: 'Picture 2 of 2' }).click();
    await page.getByRole('button', { name: 'Remove picture' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await expect(page.getByLabel('Caption')).toHaveValue('One of two');
    await page.getByRole('button', { name: 'Share' }).click();
    await shared(page);
    const { photos } = await world.call<{ photos: Photo[] }>('GET', `users/${me.user_id}/photos`, undefined, me);
    expect(photos.map((photo) => photo.media.length)).toEqual([1]);
  });
});

type File = { name: string; mimeType: string; buffer: Buffer };

/** A file as a chooser gives it. */
const file = (name: string, buffer = readFileSync(picture(name))): File => ({ name, mimeType: 'image/jpeg', buffer });

async function choose(page: Page, files: File[]): Promise<void> {
  await page.goto('/new');
  const chooser = page.waitForEvent('filechooser');
  await page.getByLabel('Choose pictures').click({ force: true });
  await (await chooser).setFiles(files);
  await expect(page.getByRole('list', { name: 'Pictures in their order' })).toBeVisible();
}

/** Brings a draft as far as the button that shares it. */
async function draft(page: Page, names: string[]): Promise<void> {
  await choose(
    page,
    names.map((name) => file(name)),
  );
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByLabel('Caption').fill('In spite of all');
}

async function shared(page: Page): Promise<void> {
  await expect(page.getByText('Your photo is shared.')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('button', { name: /^Uploads/ })).toHaveCount(0);
}

/** Holds uploads back, by their number from 1, until they are released. */
async function holdUploads(page: Page, held: (count: number) => boolean) {
  const waiting: Route[] = [];
  const uploads = {
    count: 0,
    released: false,
    release() {
      uploads.released = true;
      // Those of a page that was left are gone.
      for (const route of waiting) route.continue().catch(() => {});
    },
  };
  await page.route(isUpload, async (route) => {
    uploads.count += 1;
    if (!uploads.released && held(uploads.count)) waiting.push(route);
    else await route.continue();
  });
  return uploads;
}

interface Asked {
  key: string | undefined;
  photoId: string;
}

/** Notes the requests for a photo, with what was answered. */
function noteAsked(page: Page): Asked[] {
  const asked: Asked[] = [];
  page.on('response', async (response) => {
    const request = response.request();
    if (request.method() !== 'POST' || !response.url().endsWith('/api/v1/photos')) return;
    const { photo_id } = (await response.json()) as Photo;
    asked.push({ key: request.headers()['idempotency-key'], photoId: photo_id });
  });
  return asked;
}

/** Expects that all requests were for one photo, and that there is no other. */
async function isOnePhoto(page: Promise<unknown>, asked: Asked[], pictures: number): Promise<void> {
  const { photos } = (await page) as { photos: Photo[] };
  expect(photos.map((photo) => photo.media.length)).toEqual([pictures]);
  expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
  expect([...new Set(asked.map(({ photoId }) => photoId))]).toEqual([photos[0]?.photo_id]);
}
