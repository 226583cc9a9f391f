// The ways that matter most, in the other engine: WebKitGTK over the deployed local cloud. Every step fails by itself.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBrowser, until } from './webdriver.mjs';

const BASE = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';
const PICTURES = fileURLToPath(new URL('../../localstack/cloud/demo/pictures/', import.meta.url));
const RESULTS = fileURLToPath(new URL('../test-results/', import.meta.url));
const PASSWORD = 'a test is no secret';

async function call(method, path, body, who) {
  const headers = { 'Content-Type': 'application/json', ...(who && { Authorization: `Bearer ${who.access_token}` }) };
  const answer = await fetch(`${BASE}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

async function account(name) {
  const username = `${name}_${randomBytes(4).toString('hex')}`;
  const body = { username, email: `${username}@example.org`, password: PASSWORD };
  return { username, ...(await call('POST', 'auth/register', body)) };
}

async function post(author, caption, names) {
  const files = names.map((name) => readFileSync(`${PICTURES}${name}`));
  const media = files.map(({ length }, index) => ({
    content_type: 'image/jpeg',
    size: length,
    alt: `${caption} ${index + 1}`,
  }));
  const { photo_id, uploads } = await call('POST', 'photos', { caption, media }, author);
  for (const [index, { url, fields }] of uploads.entries()) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob([files[index]]));
    assert.equal((await fetch(url, { method: 'POST', body: form })).status, 204);
  }
  return photo_id;
}

const inFeed = (reader, id) =>
  until(`photo ${id} in the feed`, async () => {
    const { photos } = await call('GET', 'feed', undefined, reader);
    return photos.some(({ photo_id }) => photo_id === id);
  });

const step = async (title, run) => {
  const start = Date.now();
  await run();
  console.log(`  ok  ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
};

const [me, anna] = await Promise.all([account('webkit'), account('anna')]);
await call('POST', `users/${anna.user_id}/follow`, undefined, me);
const ids = [];
for (const [caption, names] of [
  ['Third', ['cat.jpg']],
  ['Second', ['cat.jpg']],
  ['First', ['cat.jpg', 'bricks.jpg']],
]) {
  ids.unshift(await post(anna, caption, names));
  await inFeed(me, ids[0]);
}
const card = (id) => `article[data-photo="${id}"]`;
const [first, second] = ids;

const page = await openBrowser({ width: 430, height: 900 });
try {
  await step('somebody logs in through the form', async () => {
    await page.open(`${BASE}/login`);
    await page.type('input[name="login"]', me.username);
    await page.type('input[name="password"]', PASSWORD);
    await page.click('form button[type="submit"]');
    await page.find('[role="feed"]');
  });

  await step('the feed shows pictures', async () => {
    const shown = (selector) => {
      const image = document.querySelector(selector);
      return image?.complete && image.naturalWidth > 0 && image.getBoundingClientRect().width > 200;
    };
    await until('a picture', () => page.run(shown, `${card(first)} img`));
    const { length } = await page.run(() => document.querySelectorAll('[role="feed"] article'));
    assert.equal(length, 3);
  });

  await step('a session is kept over a reload', async () => {
    await page.open(`${BASE}/`);
    await page.find(card(first));
  });

  const pressed = (id) =>
    page.run((like) => document.querySelector(like).getAttribute('aria-pressed'), `${card(id)} button[aria-pressed]`);
  const liked = (id) =>
    until('the like at the API', async () => (await call('GET', `photos/${id}`, undefined, me)).liked_by_user);

  await step('a double tap likes, and a second one likes still', async () => {
    await page.tap(`${card(first)} .picture`, 2);
    await until('a like', async () => (await pressed(first)) === 'true');
    await liked(first);
    await page.tap(`${card(first)} .picture`, 2);
    assert.equal(await pressed(first), 'true');
  });

  await step('a tap on the heart likes, and takes it back', async () => {
    await page.click(`${card(second)} button[aria-pressed]`);
    await until('a like', async () => (await pressed(second)) === 'true');
    await liked(second);
    await page.click(`${card(second)} button[aria-pressed]`);
    await until('none', async () => (await pressed(second)) === 'false');
  });

  await step('a carousel moves by its buttons', async () => {
    const says = () => page.run((chip) => document.querySelector(chip).textContent, `${card(first)} .chip`);
    assert.equal(await says(), '1 of 2');
    await page.click(`${card(first)} .step.forth`);
    await until('the second picture', async () => (await says()) === '2 of 2');
    await page.click(`${card(first)} .step.back`);
    await until('the first picture', async () => (await says()) === '1 of 2');
  });

  await step('Back from a photo finds the same place of the feed', async () => {
    const place = () => page.run(() => scrollY);
    await page.run((open) => document.querySelector(open).scrollIntoView({ block: 'center' }), `${card(second)} .open`);
    const before = await place();
    assert.ok(before > 200, `the feed is at ${before}`);
    await page.click(`${card(second)} .open`);
    await page.find('//dialog[@open]//*[contains(., "Second")]');
    assert.ok((await page.run(() => location.pathname)).endsWith(`/p/${second}`));
    await page.back();
    await until('the feed alone', async () => !(await page.run(() => document.querySelector('dialog[open]'))));
    assert.equal(await place(), before);

    await page.click(`${card(second)} a[href="/@${anna.username}"]`);
    await page.find(`//h1[contains(., "${anna.username}")]`);
    await page.back();
    await page.find(card(second));
    await until(`the feed at ${before}`, async () => (await place()) === before);
  });

  await step('a picture is shared with a filter', async () => {
    await page.click('nav a[href="/new"]');
    await page.type('input[type="file"]', `${PICTURES}macaws.jpg`);
    await page.find('.stage canvas');
    await page.click('//button[@role="tab"][contains(., "Filter")]');
    await page.click('//label[contains(., "Silver")]');
    await page.find('//label[contains(., "Strength")]');
    await page.click('//header//button[contains(., "Next")]');
    await page.type('textarea', 'Macaws in silver');
    await page.click('//header//button[contains(., "Share")]');
    await page.find('//article[contains(., "Macaws in silver")]//img');

    const { photos } = await call('GET', `users/${me.user_id}/photos`, undefined, me);
    assert.equal(photos[0].caption, 'Macaws in silver');
    const colour = await page.later(async (url) => {
      const picture = await createImageBitmap(await (await fetch(url)).blob());
      const canvas = new OffscreenCanvas(picture.width, picture.height);
      const context = canvas.getContext('2d');
      context.drawImage(picture, 0, 0);
      const { data } = context.getImageData(0, 0, picture.width, picture.height);
      let most = 0;
      for (let at = 0; at < data.length; at += 4) {
        most = Math.max(most, Math.abs(data[at] - data[at + 1]), Math.abs(data[at + 1] - data[at + 2]));
      }
      return most;
    }, photos[0].media[0].urls.medium);
    assert.ok(colour < 24, `the picture of bright birds is without colour, and not ${colour} away from grey`);
  });
} catch (error) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(`${RESULTS}webkit.png`, await page.screenshot().catch(() => ''));
  console.error(error);
  console.error(`  the screen is in ${RESULTS}webkit.png`);
  process.exitCode = 1;
} finally {
  await page.close();
}
