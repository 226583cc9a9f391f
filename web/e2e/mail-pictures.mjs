// Takes the pictures of docs/mail: every mail as the snapshots of `mail`'s tests have it, and the page that lists them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, toWebp } from './webp.mjs';

const folder = (path) => fileURLToPath(new URL(`../../${path}/`, import.meta.url));
const FOLDER = process.argv[2] ?? folder('docs/mail');
const SNAPSHOTS = folder('functions/mail/src/snapshots');

/** The most that a picture may weigh (bytes). */
const MOST = 40_000;
const WIDTH = 390;

/** The mails in the order of each snapshot, in one language after the other. */
const MAILS = {
  letters_look_like_this: {
    proof: 'A link that proves an address',
    notice: 'Somebody registered with a proved address',
    reset: 'A link that sets a new password',
    changed: 'The password was changed',
  },
  a_digest_counts_and_says_where_it_ends: { digest: 'What is new, daily' },
};

/** In what each is shown: its language and the theme of the reader. */
const LOOKS = { 'en-light': 'English, light', 'en-dark': 'English, dark', 'de-light': 'German, light' };

const browser = await launch();
mkdirSync(FOLDER, { recursive: true });
const rows = [];
try {
  const press = await (await browser.newContext()).newPage();
  for (const [snapshot, names] of Object.entries(MAILS)) {
    const mails = htmls(snapshot);
    const ids = Object.keys(names);
    if (mails.length % ids.length) throw new Error(`${snapshot} has mails without a name`);
    for (const [index, [id, name]] of Object.entries(names).entries()) {
      const cells = [];
      for (const [look, said] of Object.entries(LOOKS)) {
        const [language, colorScheme] = look.split('-');
        const html = mails.find((mail, at) => at % ids.length === index && mail.includes(`<html lang="${language}">`));
        const file = `${id}-${look}.webp`;
        const picture = await toWebp(press, await picked(html, colorScheme), 1, MOST);
        writeFileSync(join(FOLDER, file), picture);
        console.log(`  ${file} ${(picture.length / 1000).toFixed(0)} KB`);
        cells.push(`<img src="${file}" width="260" alt="${name}, ${said}">`);
      }
      rows.push(`| ${name} | ${cells.join(' | ')} |`);
    }
  }
} finally {
  await browser.close();
}

writeFileSync(
  join(FOLDER, 'README.md'),
  `# What mails look like

\`npm --prefix web run mail-pictures\` takes these pictures and writes this page. Each mail is what the snapshots of the
tests of \`functions/mail\` have.

| | ${Object.values(LOOKS).join(' | ')} |
|---|${'---|'.repeat(Object.keys(LOOKS).length)}
${rows.join('\n')}
`,
);

/** Returns the mails of a snapshot. */
function htmls(snapshot) {
  const text = readFileSync(join(SNAPSHOTS, `mail__letter__tests__${snapshot}.snap`), 'utf8');
  return text.match(/<!doctype html>[\s\S]*?<\/html>/g);
}

/** Returns a picture of a whole mail. */
async function picked(html, colorScheme) {
  const context = await browser.newContext({
    viewport: { width: WIDTH, height: 200 },
    colorScheme,
    deviceScaleFactor: 2,
  });
  const page = await context.newPage();
  await page.setContent(html);
  const png = await page.screenshot({ fullPage: true });
  await context.close();
  return png;
}
