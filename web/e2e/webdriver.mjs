// WebKitGTK by the WebDriver protocol, with a screen of its own that nobody sees. The protocol is plain JSON over HTTP.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

const LIBRARIES = '/usr/lib';
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** How long anything is looked for (ms), and how often. */
const PATIENCE = 30_000;
const AGAIN = 100;

/** Looks again and again until `look` gives something, and gives that. */
export async function until(what, look, patience = PATIENCE) {
  const end = Date.now() + patience;
  let last;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
  throw new Error(`in ${patience / 1000} s there was not: ${what}${last ? ` (${last.message})` : ''}`);
}

/** Starts screen, driver and browser. Returns the page that the browser shows. */
export async function openBrowser({ width, height }) {
  const screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const display = await new Promise((resolve, reject) => {
    screen.on('error', reject);
    screen.on('exit', () => reject(new Error('Xvfb ended')));
    screen.stdout.once('data', (data) => resolve(`:${String(data).trim()}`));
  });
  const port = await freePort();
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore',
    env: {
      ...process.env,
      DISPLAY: display,
      LIBGL_ALWAYS_SOFTWARE: '1',
      // Its sandbox asks for more than a container has. It opens nothing but the client.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    },
  });
  const page = new WebPage(`http://127.0.0.1:${port}`, () => {
    driver.kill();
    screen.kill();
  });
  try {
    await until('an answer of WebKitWebDriver', () => page.call('GET', '/status'));
    await page.start(width, height);
  } catch (error) {
    await page.close();
    throw error;
  }
  return page;
}

/** What one does to a page, and sees of it. */
class WebPage {
  #driver;
  #stop;
  #session = '';

  constructor(driver, stop) {
    this.#driver = driver;
    this.#stop = stop;
  }

  async start(width, height) {
    const options = { binary: miniBrowser(), args: ['--automation'] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
    const { sessionId } = await this.call('POST', '/session', { capabilities });
    this.#session = `/session/${sessionId}`;
    await this.#send('timeouts', { script: PATIENCE, pageLoad: 60_000, implicit: 0 });
    await this.#send('window/rect', { width, height });
  }

  async close() {
    if (this.#session) await this.call('DELETE', this.#session).catch(() => {});
    this.#stop();
  }

  async call(method, path, body) {
    const answer = await fetch(`${this.#driver}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }

  #send(path, body) {
    return this.call('POST', `${this.#session}/${path}`, body);
  }

  open(url) {
    return this.#send('url', { url });
  }

  back() {
    return this.#send('back', {});
  }

  /** Runs a function in the page. */
  run(script, ...given) {
    return this.#send('execute/sync', { script: `return (${script})(...arguments)`, args: given });
  }

  /** Runs a function in the page that gives a promise. */
  async later(script, ...given) {
    const wrapped = `const done = arguments[arguments.length - 1];
      (${script})(...[...arguments].slice(0, -1)).then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.#send('execute/async', { script: wrapped, args: given });
    if (error) throw new Error(error);
    return value;
  }

  /** Waits for an element that is shown. A selector may be an XPath, which begins with a slash. */
  find(selector) {
    const using = selector.startsWith('/') ? 'xpath' : 'css selector';
    return until(selector, async () => {
      const { [ELEMENT]: id } = await this.#send('element', { using, value: selector });
      return id;
    });
  }

  /**
   * Scrolls to an element below a bar and clicks: the driver itself would scroll only so far that it is in the window.
   * While one screen passes into the next nothing can be clicked.
   */
  async click(selector) {
    const id = await this.find(selector);
    await this.run(
      (element) => {
        const { left, top, width, height } = element.getBoundingClientRect();
        const met = document.elementFromPoint(left + width / 2, top + height / 2);
        if (!element.contains(met)) element.scrollIntoView({ block: 'center', behavior: 'instant' });
      },
      { [ELEMENT]: id },
    );
    await until(`a click on ${selector}`, async () => {
      await this.#send(`element/${id}/click`, {});
      return true;
    });
  }

  async type(selector, text) {
    const id = await this.find(selector);
    await this.#send(`element/${id}/value`, { text });
  }

  /** Taps the middle of an element so many times in a row. */
  async tap(selector, times = 1) {
    const origin = { [ELEMENT]: await this.find(selector) };
    const tap = [
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
      { type: 'pause', duration: 80 },
    ];
    const actions = [{ type: 'pointerMove', origin, x: 0, y: 0 }, ...Array(times).fill(tap).flat()];
    await this.#send('actions', { actions: [{ type: 'pointer', id: 'finger', actions }] });
  }

  async screenshot() {
    return Buffer.from(await this.call('GET', `${this.#session}/screenshot`), 'base64');
  }
}

function miniBrowser() {
  for (const architecture of readdirSync(LIBRARIES)) {
    const folder = `${LIBRARIES}/${architecture}`;
    if (!architecture.endsWith('-linux-gnu') || !existsSync(folder)) continue;
    for (const library of readdirSync(folder).filter((name) => /^webkit2?gtk-\d/.test(name))) {
      const found = `${folder}/${library}/MiniBrowser`;
      if (existsSync(found)) return found;
    }
  }
  throw new Error('there is no MiniBrowser of WebKitGTK');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
