// Takes the pictures of docs/web: every screen over the demo world, on a phone and a desktop, in light and dark.
// It has people talk under one photo, once. Else it reads only: what would change the world is not sent.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, toWebp } from './webp.mjs';

const BASE = process.env.LAMBDAGRAM_WEB_URL ?? 'http://127.0.0.1:4568';
const FOLDER = process.argv[2] ?? fileURLToPath(new URL('../../docs/web/', import.meta.url));
const PICTURES = fileURLToPath(new URL('../../localstack/cloud/demo/pictures/', import.meta.url));
const ME = 'leila_farahani';
const PASSWORD = 'a-demo-is-no-secret';

/** The most that a picture may weigh (bytes), and all of them together. */
const MOST = 60_000;
const ALL = 2_500_000;

/** What is looked with, and by how much its pictures are made smaller. */
const DEVICES = {
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, scale: 1 },
  desktop: { viewport: { width: 1280, height: 900 }, scale: 0.75 },
};

/** What is said under the photo, and answered by its author. */
const QUESTION = 'How long did you look before you saw it?';
const ANSWER = 'Half the night. The other half I could not stop.';
const OTHERS = ['I would like to hang this on my wall.', `Have you seen this, @${ME}?`];

/** How long what is derived may take (ms). */
const SOON = 60_000;

const click = (page, role, name) => page.getByRole(role, { name, exact: true }).first().click();

/** Each screen, and how one gets there. */
const SIGNED_OUT = {
  login: (page) => page.goto('/login'),
  register: (page) => page.goto('/register'),
  forgot: (page) => page.goto('/forgot'),
};
const SIGNED_IN = {
  feed: (page) => page.goto('/'),
  'photo-over-feed': async (page) => {
    await page.goto('/');
    await click(page, 'button', 'Open');
    await page.getByRole('dialog', { name: 'Photo' }).getByRole('img').first().waitFor();
  },
  photo: (page, { photo }) => page.goto(`/p/${photo}`),
  comments: async (page, { photo }) => {
    await page.goto(`/p/${photo}`);
    const comments = page.getByRole('region', { name: 'Comments' });
    const all = page.getByRole('button', { name: /^View all/ });
    await comments.or(all).waitFor();
    if (await all.isVisible()) await all.click();
    await comments.getByRole('button', { name: 'View 1 reply' }).first().click();
    await comments.getByText(ANSWER).waitFor();
  },
  likers: (page, { photo }) => page.goto(`/p/${photo}/likes`),
  profile: (page) => page.goto(`/@${ME}`),
  somebody: (page, { somebody }) => page.goto(`/@${somebody}`),
  followers: (page, { somebody }) => page.goto(`/@${somebody}/followers`),
  saved: (page) => page.goto(`/@${ME}/saved`),
  'new-pick': (page) => page.goto('/new'),
  'new-crop': async (page) => {
    const files = ['macaws', 'coffee', 'raccoon'].map((name) => `${PICTURES}${name}.jpg`);
    await page.getByLabel('Choose pictures').setInputFiles(files);
    await page.getByLabel('Straighten').waitFor();
    await page.getByText('4:5').click();
  },
  'new-filter': async (page) => {
    await click(page, 'tab', 'Filter');
    await page.getByText('Lantern').click();
  },
  'new-describe': async (page) => {
    await click(page, 'tab', 'Describe');
    await page.getByLabel('What the picture shows').fill('Two macaws on a branch, one red and one blue.');
  },
  'new-details': async (page) => {
    await click(page, 'button', 'Next');
    await page.getByLabel('Caption').fill('They talked all morning, and about us.');
    await page.getByLabel('Place').fill('Manaus');
    await click(page, 'heading', 'New photo');
  },
  edit: (page, { own }) => page.goto(`/p/${own}/edit`),
  activity: (page) => page.goto('/activity'),
  requests: (page) => page.goto('/activity/requests'),
  settings: (page) => page.goto('/settings'),
  'settings-profile': (page) => page.goto('/settings/profile'),
  'settings-account': (page) => page.goto('/settings/account'),
  'settings-notifications': async (page) => {
    // The worker is kept away, and this screen asks for it.
    await page.addInitScript(() => {
      const registration = { pushManager: {}, getNotifications: async () => [] };
      navigator.serviceWorker.getRegistration = async () => registration;
    });
    await page.goto('/settings/notifications');
  },
  'settings-privacy': (page) => page.goto('/settings/privacy'),
  'settings-blocked': (page) => page.goto('/settings/privacy/blocked'),
  'settings-sessions': (page) => page.goto('/settings/sessions'),
  'settings-appearance': (page) => page.goto('/settings/appearance'),
  'not-found': (page) => page.goto('/no/such/place'),
};

const browser = await launch();
mkdirSync(FOLDER, { recursive: true });
const press = await (await browser.newContext()).newPage();
let weight = 0;
try {
  for (const [device, kind] of Object.entries(DEVICES)) await onDevice(device, kind);
} finally {
  await browser.close();
}
console.log(`  ${(weight / 1e6).toFixed(2)} MB in all`);
if (weight > ALL) throw new Error(`all pictures together may weigh ${ALL} bytes`);

async function onDevice(device, { scale, ...kind }) {
  for (const theme of ['light', 'dark']) {
    const context = await browser.newContext({
      ...kind,
      baseURL: BASE,
      locale: 'en-GB',
      colorScheme: theme,
      reducedMotion: 'reduce',
      serviceWorkers: 'block',
    });
    await context.route(/\/api\/v1\/(?!auth\/)/, (route) =>
      route.request().method() === 'GET' ? route.continue() : route.fulfill({ status: 204 }),
    );
    const page = await context.newPage();
    const take = async (name, open, world) => {
      await open(page, world);
      await settled(page);
      const file = `${name}-${device}-${theme}.webp`;
      const picture = await toWebp(press, await page.screenshot(), scale, MOST);
      writeFileSync(join(FOLDER, file), picture);
      weight += picture.length;
      console.log(`  ${file} ${(picture.length / 1000).toFixed(0)} KB`);
    };
    for (const [name, open] of Object.entries(SIGNED_OUT)) await take(name, open);
    const world = await signIn(page);
    await converse(world);
    for (const [name, open] of Object.entries(SIGNED_IN)) await take(name, open, world);
    await page.evaluate(() => fetch('/api/v1/auth/session', { method: 'DELETE', headers: { 'X-Session': 'cookie' } }));
    await context.close();
  }
}

/** Signs in, and finds the photos and people that are shown. */
async function signIn(page) {
  await page.goto('/login');
  await page.getByLabel('User name or e-mail').fill(ME);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await click(page, 'button', 'Log in');
  await page.getByRole('article').first().waitFor();
  return page.evaluate(async (me) => {
    const read = async (path) => (await fetch(`/api/v1/${path}`, { headers: { 'X-Session': 'cookie' } })).json();
    const { photos } = await read('feed');
    const { user_id } = await read(`users/by-name/${me}`);
    const own = (await read(`users/${user_id}/photos`)).photos;
    // The one that most people like.
    const others = photos.filter(({ username }) => username !== me).sort((a, b) => b.likes_count - a.likes_count);
    const { users } = await read(`photos/${others[0].photo_id}/likes`);
    const fans = users.map(({ username }) => username).filter((name) => name !== me && name !== others[0].username);
    return { photo: others[0].photo_id, somebody: others[0].username, own: own[0].photo_id, fans };
  }, ME);
}

/** Has those who like the photo talk with its author, unless they have. */
async function converse({ photo, somebody, fans: [asks, ...others] }) {
  const path = `photos/${photo}/comments`;
  const author = await tokenOf(somebody);
  const { comments } = await call(author, 'GET', path);
  if (comments.some(({ pinned }) => pinned)) return;
  for (const [index, text] of OTHERS.entries()) await call(await tokenOf(others[index]), 'POST', path, { text });
  const asker = await tokenOf(asks);
  const { comment_id: question } = await call(asker, 'POST', path, { text: QUESTION });
  await call(author, 'POST', path, { text: ANSWER, reply_to: question });
  await call(author, 'POST', `${path}/${question}/like`);
  await call(author, 'POST', `${path}/${question}/pin`);
  for (const end = Date.now() + SOON; ; ) {
    const [first] = (await call(author, 'GET', path)).comments;
    if (first?.pinned && first.likes_count === 1 && first.replies_count === 1) return;
    if (Date.now() > end) throw new Error('what was said is not to be read');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function tokenOf(login) {
  return (await call(undefined, 'POST', 'auth/login', { login, password: PASSWORD })).access_token;
}

async function call(token, method, path, body) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${BASE}/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Waits until everything that is on the screen is there. */
async function settled(page) {
  await page.waitForLoadState('networkidle');
  await page.locator('h1').first().waitFor({ state: 'attached' });
  await page.waitForFunction(() => {
    const seen = (element) => {
      const { top, bottom, width } = element.getBoundingClientRect();
      return width > 0 && bottom > 0 && top < innerHeight;
    };
    const busy = document.querySelector('main [aria-busy="true"], .skeleton');
    return !busy && [...document.images].filter(seen).every((image) => image.complete);
  });
}
