import type { Page } from '@playwright/test';
import { cardOf, expect, test } from './test';
import type { Account, World } from './world';

const LAKE = 'cat.jpg';

/** What is derived behind the API is seen within this time (ms). */
const SOON = { timeout: 60_000 };

/** A photo of somebody followed, in the feed that the page shows. */
async function inFeed(page: Page, world: World, me: Account): Promise<{ anna: Account; id: string }> {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { caption: 'By the lake', media: [[LAKE, 'A lake at dawn']] });
  await world.inFeed(me, id);
  await page.goto('/');
  await expect(cardOf(page, id)).toBeVisible();
  return { anna, id };
}

const saveButton = (page: Page, id: string) => cardOf(page, id).getByRole('button', { name: 'Save', exact: true });

/** Waits until the API says whether the photo is saved. */
async function isSaved(world: World, me: Account, id: string, saved: boolean): Promise<void> {
  const said = async () =>
    (await world.call<{ saved_by_user: boolean }>('GET', `photos/${id}`, undefined, me)).saved_by_user;
  await expect.poll(said, SOON).toBe(saved);
}

/** Opens the own saved photos, as they are once `there` is. */
async function savedTab(page: Page, me: Account, there: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await page.goto(`/@${me.username}/saved`);
    await there();
  }).toPass(SOON);
}

test('a photo is saved by button and key, is found again, and is saved no longer', async ({ page, world, me }) => {
  const { id } = await inFeed(page, world, me);
  const button = saveButton(page, id);
  await expect(button).toHaveAttribute('aria-pressed', 'false');
  await button.click();
  await expect(button).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByText('The photo is saved.')).toBeVisible();
  await isSaved(world, me, id, true);
  await page.reload();
  await expect(button).toHaveAttribute('aria-pressed', 'true', SOON);
  await cardOf(page, id).focus();
  await expect(async () => {
    await page.keyboard.press('s');
    await expect(button).toHaveAttribute('aria-pressed', 'false', { timeout: 500 });
  }).toPass();
  await page.keyboard.press('s');
  await expect(button).toHaveAttribute('aria-pressed', 'true');

  const photo = page.getByRole('main').getByRole('link', { name: 'A lake at dawn' });
  await page.goto(`/@${me.username}`);
  await page.getByRole('link', { name: 'Saved' }).click();
  await savedTab(page, me, () => expect(photo).toBeVisible({ timeout: 3000 }));
  await expect(page.getByText('Only you see what you save.')).toBeVisible();
  await photo.click();
  const dialog = page.getByRole('dialog', { name: 'Photo' });
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goBack();
  await expect(dialog).toBeHidden();
  await expect(photo).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Nothing saved yet' })).toBeVisible();
  await isSaved(world, me, id, false);
});

test('the key saves the photo that lies over the feed, and not the card below it', async ({ page, world, me }) => {
  const { id } = await inFeed(page, world, me);
  await cardOf(page, id).getByRole('button', { name: 'Open' }).click();
  const button = page.getByRole('dialog', { name: 'Photo' }).getByRole('button', { name: 'Save', exact: true });
  await expect(async () => {
    await page.keyboard.press('s');
    await expect(button).toHaveAttribute('aria-pressed', 'true', { timeout: 500 });
  }).toPass();
  // It says so over the photo, with the way to a collection.
  await page.getByRole('dialog', { name: 'Photo' }).getByRole('button', { name: 'Collection…' }).click();
  await expect(page.getByRole('dialog', { name: 'Save to a collection' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Photo' })).toBeVisible();
});

test('a photo that is saved without a connection is saved when there is one', async ({ page, context, world, me }) => {
  const { id } = await inFeed(page, world, me);
  await context.setOffline(true);
  await saveButton(page, id).click();
  await expect(page.getByText('You are offline')).toBeVisible();
  await expect(saveButton(page, id)).toHaveAttribute('aria-pressed', 'true');
  await context.setOffline(false);
  await isSaved(world, me, id, true);
});

test('a long press chooses a collection, which is renamed, sorted out and deleted', async ({ page, world, me }) => {
  test.setTimeout(150_000);
  const { id } = await inFeed(page, world, me);
  await saveButton(page, id).click({ delay: 700 });
  const picker = page.getByRole('dialog', { name: 'Save to a collection' });
  await expect(picker.getByText('You have no collection yet.')).toBeVisible();
  await picker.getByLabel('Name of the collection').fill('Slow mornings');
  await picker.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByText('Saved to “Slow mornings”.')).toBeVisible();
  await expect(saveButton(page, id)).toHaveAttribute('aria-pressed', 'true');

  const collection = page.getByRole('link', { name: /Slow mornings/ });
  await savedTab(page, me, () => expect(collection).toBeVisible({ timeout: 3000 }));
  await expect.poll(() => collection.locator('img').evaluate(loaded)).toBe(true);
  await collection.click();
  await expect(page.getByRole('heading', { level: 1, name: 'Slow mornings' })).toBeVisible();
  const photo = page.getByRole('main').getByRole('link', { name: 'A lake at dawn' });
  await expect(photo).toBeVisible();

  const choose = async (item: string) => {
    await page.getByRole('button', { name: 'More about this collection' }).click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Rename');
  await page.getByLabel('Name of the collection').fill('Quiet mornings');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Quiet mornings' })).toBeVisible();

  await choose('Take photos out');
  await page.getByRole('button', { name: 'Take out: A lake at dawn' }).click();
  await expect(page.getByRole('heading', { name: 'This collection is empty' })).toBeVisible();
  await expect(page.getByText('The photo is still saved.')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(photo).toBeVisible();

  await choose('Delete collection');
  const question = page.getByRole('dialog', { name: 'Delete “Quiet mornings”?' });
  await expect(question).toContainText('stay saved');
  await question.getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(new RegExp(`/@${me.username}/saved$`));
  await expect(page.getByText('“Quiet mornings” is deleted.')).toBeVisible();
  await expect(photo).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('You have no collection yet.')).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);
  await isSaved(world, me, id, true);
});

test('a saved photo disappears when it is deleted', async ({ page, world, me }) => {
  const { anna, id } = await inFeed(page, world, me);
  await world.call('POST', `photos/${id}/save`, {}, me);
  const photo = page.getByRole('main').getByRole('link', { name: 'A lake at dawn' });
  await savedTab(page, me, () => expect(photo).toBeVisible({ timeout: 3000 }));
  await world.call('DELETE', `photos/${id}`, undefined, anna);
  await savedTab(page, me, () =>
    expect(page.getByRole('heading', { name: 'Nothing saved yet' })).toBeVisible({ timeout: 3000 }),
  );
});

test('what somebody saves is nobody else’s', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  expect(me.username).toBeTruthy();
  await page.goto(`/@${anna.username}`);
  await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Saved' })).toBeHidden();
  await page.goto(`/@${anna.username}/saved`);
  await expect(page.getByRole('heading', { name: `What ${anna.username} saves, only` })).toBeVisible();
});

function loaded(image: Element): boolean {
  return (image as HTMLImageElement).naturalWidth > 0;
}
