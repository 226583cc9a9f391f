import AxeBuilder from '@axe-core/playwright';
import { expect, signIn, test } from './test';
import { PASSWORD } from './world';

/** Where the local cloud lists what it sent; `make test` says so. */
const MAILS = `${process.env.LAMBDAGRAM_ENDPOINT ?? 'http://127.0.0.1:4566'}/_lambdagram/mails`;

interface Mail {
  to: string[];
  subject: string;
  html: string;
}

async function mailed(to: string): Promise<Mail[]> {
  const answer = await fetch(MAILS);
  const mails = (await answer.json()) as Mail[];
  return mails.filter((mail) => mail.to.includes(to));
}

test('a mail can be read on a small screen, in light and dark, and leads to its page', async ({ page, world }) => {
  const anna = await world.account('anna');
  const address = `${anna.username}@example.org`;
  await expect(async () => expect(await mailed(address)).toHaveLength(1)).toPass();
  const [proof] = await mailed(address);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 320, height: 640 });
    await page.setContent(proof?.html ?? '');
    await expect(page).toHaveTitle(proof?.subject ?? '');
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa']).analyze();
    expect(violations).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(320);
  }
  await page.getByRole('link', { name: 'Confirm the address' }).click();
  await expect(page.getByRole('heading', { name: 'Your address is confirmed' })).toBeVisible();
  await world.call('POST', 'users/me/password', { current: PASSWORD, new: 'a staple for the battery' }, anna);
  await expect(async () => {
    const subjects = (await mailed(address)).map(({ subject }) => subject);
    expect(subjects).toContain('Your password was changed');
  }).toPass();
});

test('the daily mail is for a confirmed address, and its link asks before it ends it', async ({ page, world }) => {
  const anna = await world.account('anna');
  await signIn(page, anna);
  await page.goto('/settings/notifications');
  const daily = page.getByRole('switch', { name: 'Daily mail' });
  await expect(daily).toBeDisabled();

  const address = `${anna.username}@example.org`;
  await expect(async () => expect(await mailed(address)).toHaveLength(1)).toPass();
  const [proof] = await mailed(address);
  const token = /prove#([^"]+)"/.exec(proof?.html ?? '')?.[1];
  await world.call('POST', 'auth/email', { token });
  await page.reload();
  await daily.click();
  const digest = async () =>
    (await world.call<{ digest: boolean }>('GET', 'users/me/notification-settings', undefined, anna)).digest;
  await expect.poll(digest).toBe(true);

  await page.goto('/unsubscribe#1.forged');
  await expect(page).toHaveURL(/unsubscribe$/);
  await page.getByRole('button', { name: 'Switch them off' }).click();
  await expect(page.getByRole('button', { name: 'Switch them off' })).toBeEnabled();
  expect(await digest()).toBe(true);
  await page.goto('/settings/notifications');
  await daily.click();
  await expect.poll(digest).toBe(false);
});
