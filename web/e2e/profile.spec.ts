import { expect, test } from './test';

const LAKE = 'cat.jpg';

test('following from a profile is counted at once and stays', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await page.goto(`/@${anna.username}`);
  await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();
  await expect(page.getByText('No photos yet')).toBeVisible();
  const follow = page.getByRole('button', { name: `Follow ${anna.username}` });
  await follow.click();
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('link', { name: '1 follower' })).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('link', { name: '1 follower' })).toBeVisible({ timeout: 2000 });
  }).toPass();
  await page.getByRole('link', { name: '1 follower' }).click();
  await expect(page.getByRole('main').getByRole('link', { name: me.username })).toBeVisible();
});

test('a bell is there for who follows, goes back when refused, and ends with the follow', async ({
  page,
  world,
  me,
}) => {
  const anna = await world.account('anna');
  const shown = async () => (await world.call<{ bell: boolean }>('GET', `users/${anna.user_id}`, undefined, me)).bell;
  await page.goto(`/@${anna.username}`);
  const follow = page.getByRole('button', { name: `Follow ${anna.username}` });
  const bell = page.getByRole('button', { name: `Notify me of ${anna.username}'s new photos` });
  await expect(follow).toBeVisible();
  await expect(bell).toHaveCount(0);
  await follow.click();
  await expect(bell).toHaveAttribute('aria-pressed', 'false');
  await bell.focus();
  await page.keyboard.press('Enter');
  await expect(bell).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(shown).toBe(true);
  await page.reload();
  await expect(bell).toHaveAttribute('aria-pressed', 'true');

  await page.route('**/bell', (route) => route.fulfill({ status: 503, json: { code: 'busy' } }));
  await bell.click();
  await expect(page.getByText('The service is busy.')).toBeVisible();
  await expect(bell).toHaveAttribute('aria-pressed', 'true');
  await page.unroute('**/bell');

  await follow.click();
  await expect(bell).toHaveCount(0);
  await follow.click();
  await expect(bell).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(shown).toBe(false);
});

test('a photo opens over the grid with its own address, and alone by it', async ({ page, world, me }) => {
  const first = await world.post(me, { caption: 'Tulips', media: [[LAKE, 'The first']] });
  const second = await world.post(me, { caption: 'Roses', media: [[LAKE, 'The second']] });
  await page.goto(`/@${me.username}`);
  await page.getByRole('link', { name: 'The second' }).click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await expect(dialog.getByText('Roses')).toBeVisible();
  await dialog.getByRole('button', { name: 'Next photo' }).click();
  await expect(dialog.getByText('Tulips')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/p/${first}$`));
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(new RegExp(`/@${me.username}$`));

  await page.goto(`/p/${second}`);
  await expect(page.getByRole('main').getByText('Roses')).toBeVisible();
  await expect(dialog).toBeHidden();
});

test('a photo can be deleted, and its address says that it is gone', async ({ page, world, me }) => {
  const id = await world.post(me, { caption: 'Not for long', media: [[LAKE, 'A lake']] });
  await page.goto(`/p/${id}`);
  await page.getByRole('button', { name: 'More about this photo' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('The photo is deleted.')).toBeVisible();
  await page.goto(`/p/${id}`);
  await expect(page.getByRole('heading', { name: 'This photo is no longer here' })).toBeVisible();
});

test('a name that nobody has leads to a search for another', async ({ page, me }) => {
  await page.goto('/@nobody.of.that.name');
  await expect(page.getByRole('heading', { name: 'There is no such person' })).toBeVisible();
  await page.getByLabel('User name').fill(me.username);
  await page.getByRole('button', { name: 'Find' }).click();
  await expect(page.getByRole('heading', { name: me.username })).toBeVisible();
});
