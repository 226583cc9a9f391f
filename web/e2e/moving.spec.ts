import type { Page } from '@playwright/test';
import { cardOf, expect, test } from './test';
import type { World } from './world';

const SMALL = 'cat.jpg';

interface Point {
  x: number;
  y: number;
}

/** Draws a finger over the screen, a piece in each frame: what comes at once is no way to the browser. */
async function finger(page: Page, from: Point, to: Point): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: Point[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await touch('touchStart', [from]);
  for (let step = 1; step <= 10; step++) {
    const part = step / 10;
    await touch('touchMove', [{ x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }]);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await touch('touchEnd', []);
  await session.detach();
}

/** A photo of so many pictures by somebody whom one follows. */
async function many(world: World, me: Parameters<World['follow']>[0], count: number): Promise<string> {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const media = Array.from({ length: count }, (_, index): [string, string] => [SMALL, `Picture ${index + 1}`]);
  const id = await world.post(anna, { media });
  await world.inFeed(me, id);
  return id;
}

test('a carousel is swiped, and dots follow it', async ({ page, world, me, isMobile }) => {
  test.skip(!isMobile);
  const id = await many(world, me, 7);
  await page.reload();
  const card = cardOf(page, id);
  await expect(card.getByText('1 of 7')).toBeVisible();
  const dots = card.locator('.dots i');
  const on = () => dots.evaluateAll((all) => all.findIndex((dot) => dot.classList.contains('on')));
  await expect(dots).toHaveCount(5);
  expect(await on()).toBe(0);

  const frame = await card.getByRole('group').boundingBox();
  if (!frame) throw new Error('the carousel has no frame');
  // In the middle, where the buttons are: a swipe may begin on one.
  const y = frame.y + frame.height / 2;
  const [left, right] = [frame.x + 20, frame.x + frame.width - 20];
  const at = () => card.locator('.many').evaluate((track) => track.scrollLeft / track.clientWidth);
  for (const place of [2, 3, 4]) {
    await finger(page, { x: right, y }, { x: left, y });
    await expect(card.getByText(`${place} of 7`)).toBeVisible();
    // It has come to rest, so that the next swipe begins anew.
    await expect.poll(at).toBe(place - 1);
  }
  // In the middle dots move below it, and those at both ends say that there is more.
  expect(await on()).toBe(2);
  await expect(card.locator('.dots .tiny')).toHaveCount(2);
  await finger(page, { x: left, y }, { x: right, y });
  await expect(card.getByText('3 of 7')).toBeVisible();
  await expect(card.getByRole('img', { name: 'Picture 3' })).toBeInViewport();
});

test('newer photos are told, and shown when one likes', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const older = await Promise.all(['one', 'two'].map((caption) => world.post(anna, { caption, media: [[SMALL]] })));
  await world.inFeed(me, older[0] ?? '');
  await world.inFeed(me, older[1] ?? '');
  await page.clock.install();
  await page.goto('/');
  await expect(page.getByRole('article')).toHaveCount(2);
  await page.evaluate(() => scrollTo(0, 400));
  const first = page.getByRole('article').first();
  const top = await first.boundingBox();

  const id = await world.post(anna, { caption: 'Brand new', media: [[SMALL]] });
  await world.inFeed(me, id);
  await page.clock.fastForward('01:30');
  const pill = page.getByRole('button', { name: 'New photos' });
  await expect(pill).toBeInViewport();
  // Nothing has moved under the eyes of whom is reading.
  expect(await first.boundingBox()).toEqual(top);
  await expect(cardOf(page, id)).toBeHidden();

  await pill.click();
  await expect(cardOf(page, id)).toBeInViewport();
  await expect(pill).toBeHidden();
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await expect(page.getByRole('article').first()).toHaveAttribute('data-photo', id);
});

test('pulling the feed down refreshes it', async ({ page, world, me, isMobile }) => {
  test.skip(!isMobile);
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const before = await world.post(anna, { media: [[SMALL]] });
  await world.inFeed(me, before);
  await page.goto('/');
  await expect(cardOf(page, before)).toBeVisible();
  const id = await world.post(anna, { caption: 'Brand new', media: [[SMALL]] });
  await world.inFeed(me, id);

  let asked = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/v1/feed')) asked++;
  });
  await finger(page, { x: 200, y: 200 }, { x: 200, y: 280 });
  expect(asked, 'a short pull is no wish').toBe(0);
  await finger(page, { x: 200, y: 200 }, { x: 200, y: 520 });
  await expect(cardOf(page, id)).toBeVisible();
  expect(asked).toBe(1);
  await expect(page.getByText('Pull to refresh')).toBeHidden();
});

test('nothing moves while pages of the feed load', async ({ page, world, me }) => {
  test.setTimeout(150_000);
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const names = ['cat', 'bricks', 'observatory', 'ring_nebula', 'merging', 'photographer', 'admiral', 'astronaut'];
  const ids = await Promise.all(
    names.map((name, index) =>
      world.post(anna, {
        caption: 'Fog over the lake. '.repeat(index * 2),
        location: index % 2 ? 'By the lake' : undefined,
        media: index % 3 ? [[`${name}.jpg`, name]] : [[`${name}.jpg`, name], [SMALL]],
      }),
    ),
  );
  for (const id of ids) await world.inFeed(me, id);

  // Small pages, so that there are many of them.
  const pages: string[] = [];
  await page.route(/\/api\/v1\/feed(\?|$)/, async (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('count', '1');
    pages.push(url.search);
    await route.continue({ url: url.href });
  });
  await page.addInitScript(() => {
    const shifts: string[] = [];
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        value: number;
        hadRecentInput: boolean;
        sources: { node?: Element }[];
      })[]) {
        if (entry.hadRecentInput) continue;
        const what = entry.sources.map(({ node }) => `${node?.nodeName.toLowerCase()}.${node?.className}`);
        shifts.push(`${entry.value.toFixed(4)} by ${what.join(', ')}`);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto('/');
  await expect(page.getByRole('article').first()).toBeVisible();
  await expect(async () => {
    await page.mouse.wheel(0, 700);
    await expect(page.getByText('You have seen everything of the last 30 days.')).toBeInViewport({ timeout: 200 });
  }).toPass({ timeout: 90_000, intervals: [50] });
  expect(new Set(pages).size).toBeGreaterThanOrEqual(names.length);
  expect(await page.evaluate(() => PerformanceObserver.supportedEntryTypes)).toContain('layout-shift');
  expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)).toEqual([]);
});

/** Puts two fingers on the screen around a point, draws them apart, and lifts them when `held` is done. */
async function pinch(page: Page, at: Point, held: () => Promise<void>): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...apart: number[]) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: apart.flatMap((half) => [
        { x: at.x - half, y: at.y, id: 0 },
        { x: at.x + half, y: at.y, id: 1 },
      ]),
    });
  await touch('touchStart', 30);
  for (let half = 40; half <= 90; half += 10) {
    await touch('touchMove', half);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await held();
  await touch('touchEnd');
  await session.detach();
}

test('two fingers enlarge a picture, which goes back when they are lifted', async ({ page, world, me, isMobile }) => {
  test.skip(!isMobile);
  const id = await many(world, me, 2);
  await page.reload();
  const card = cardOf(page, id);
  const open = card.getByRole('button', { name: 'Open' });
  for (const place of [card, page.getByRole('dialog', { name: 'Photo' })]) {
    if (place !== card) await open.click();
    const image = place.getByRole('img', { name: 'Picture 1' });
    await expect(image).toBeVisible();
    const before = await image.boundingBox();
    if (!before) throw new Error('the picture has no frame');
    const at = { x: before.x + before.width / 2, y: before.y + before.height / 3 };
    await pinch(page, at, async () => {
      const now = await image.boundingBox();
      expect((now?.width ?? 0) / before.width).toBeCloseTo(3, 1);
      // Nothing else has moved, and the page is no wider.
      expect(await page.evaluate(() => [scrollX, visualViewport?.scale])).toEqual([0, 1]);
    });
    await expect.poll(() => image.boundingBox()).toEqual(before);
    await expect(page.locator('.zoomed')).toHaveCount(0);
    await expect(place.getByRole('button', { name: 'Like' })).toHaveAttribute('aria-pressed', 'false');
    await expect(place.getByText('1 of 2')).toBeVisible();
  }
});

test('a pinch on a touchpad enlarges a picture until the pointer leaves', async ({ page, world, me, isMobile }) => {
  test.skip(isMobile);
  const id = await many(world, me, 1);
  await page.reload();
  const image = cardOf(page, id).getByRole('img', { name: 'Picture 1' });
  await expect(image).toBeVisible();
  const before = await image.boundingBox();
  if (!before) throw new Error('the picture has no frame');
  await page.mouse.move(before.x + 200, before.y + 200);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -50);
  await page.keyboard.up('Control');
  await expect.poll(async () => ((await image.boundingBox())?.width ?? 0) / before.width).toBeCloseTo(Math.SQRT2, 1);
  await page.mouse.move(5, 5);
  await expect.poll(() => image.boundingBox()).toEqual(before);
});

test('buttons do what two fingers do: they enlarge a photo, which is scrolled, and make it smaller', async ({
  page,
  world,
  me,
}) => {
  const id = await many(world, me, 2);
  await page.reload();
  await cardOf(page, id).getByRole('button', { name: 'Open' }).click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await expect(dialog.getByRole('img', { name: 'Picture 1' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Next picture' }).click();
  await expect(dialog.getByText('2 of 2')).toBeVisible();

  const enlarge = dialog.getByRole('button', { name: 'Enlarge' });
  const smaller = dialog.getByRole('button', { name: 'Make smaller' });
  const view = dialog.getByRole('group', { name: 'Enlarged picture' });
  const image = view.getByRole('img', { name: 'Picture 2' });
  const scale = () => view.evaluate((node) => node.scrollWidth / node.clientWidth);
  const middle = () =>
    view.evaluate((node) => [
      (node.scrollLeft + node.clientWidth / 2) / node.scrollWidth,
      (node.scrollTop + node.clientHeight / 2) / node.scrollHeight,
    ]);
  await expect(smaller).toBeHidden();
  await enlarge.click();
  await expect.poll(scale).toBeCloseTo(2, 1);
  await expect(image).toBeVisible();
  for (const part of await middle()) expect(part).toBeCloseTo(0.5, 1);
  await enlarge.click();
  await expect.poll(scale).toBeCloseTo(4, 1);
  await expect(enlarge).toBeHidden();
  await expect(smaller).toBeFocused();

  await test.step('the keyboard moves it, and leads to no other picture or photo', async () => {
    await view.focus();
    const [across = 0] = await middle();
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => (await middle())[0]).toBeGreaterThan(across);
    await page.keyboard.press('-');
    await expect.poll(scale).toBeCloseTo(2, 1);
    await page.keyboard.press('+');
    await expect.poll(scale).toBeCloseTo(4, 1);
    await page.keyboard.press('Escape');
    await expect(view).toBeHidden();
    await expect(enlarge).toBeFocused();
    await expect(dialog.getByText('2 of 2')).toBeVisible();
  });

  await page.keyboard.press('Enter');
  await expect(view).toBeVisible();
  await smaller.click();
  await expect(view).toBeHidden();
  await expect(smaller).toBeHidden();
  await expect(enlarge).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

/** Notes the parts that move in each transition of the view, by their names. */
async function noteTransitions(page: Page): Promise<() => Promise<string[][]>> {
  await page.addInitScript(() => {
    const noted: string[][] = [];
    Object.assign(window, { noted });
    const start = document.startViewTransition;
    document.startViewTransition = function (...given) {
      const transition = start.apply(this, given);
      const note = () => {
        const parts = document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).pseudoElement ?? '');
        noted.push([...new Set(parts)].filter((part) => part.startsWith('::view-transition-group')));
      };
      transition.ready.then(note, () => {});
      return transition;
    };
  });
  return () => page.evaluate(() => (window as unknown as { noted: string[][] }).noted);
}

const PICTURE = '::view-transition-group(photo)';

/** How many movements between screens are under way. */
const moving = (page: Page) =>
  page.evaluate(() => {
    const parts = document.getAnimations().map(({ effect }) => (effect as KeyframeEffect).pseudoElement ?? '');
    return parts.filter((part) => part.startsWith('::view-transition')).length;
  });

test('a photo comes out of its tile, and goes back into it', async ({ page, world, me }) => {
  const transitions = await noteTransitions(page);
  const id = await world.post(me, { media: [[SMALL, 'Picture 1']] });
  await page.goto(`/@${me.username}`);
  const tile = page.getByRole('main').getByRole('link', { name: 'Picture 1' });
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await tile.click();
  await expect(dialog.getByRole('img', { name: 'Picture 1' })).toBeVisible();
  await expect(page).toHaveURL(`/p/${id}`);
  await expect.poll(transitions).toEqual([expect.arrayContaining([PICTURE])]);
  await expect.poll(() => moving(page)).toBe(0);
  await page.goBack();
  await expect(dialog).toBeHidden();
  await expect(tile).toBeFocused();
  await expect.poll(transitions).toEqual([expect.arrayContaining([PICTURE]), expect.arrayContaining([PICTURE])]);
  await expect(tile.locator('.picture')).not.toHaveAttribute('style', /view-transition-name/);

  // Whoever does not wait for it finds what they asked for last.
  await page.goForward();
  await page.goBack();
  await page.goForward();
  await expect(dialog.getByRole('img', { name: 'Picture 1' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(`/@${me.username}`);
});

test('without transitions of the view a photo is opened and closed at once', async ({ page, world, me }) => {
  await page.addInitScript(() => Object.assign(document, { startViewTransition: undefined }));
  const id = await world.post(me, { media: [[SMALL, 'Picture 1']] });
  await page.goto(`/@${me.username}`);
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await page.getByRole('main').getByRole('link', { name: 'Picture 1' }).click();
  await expect(dialog.getByRole('img', { name: 'Picture 1' })).toBeVisible();
  await expect(page).toHaveURL(`/p/${id}`);
  await page.goBack();
  await expect(dialog).toBeHidden();
});
