import type { Page } from '@playwright/test';
import { atAnother, cardOf, expect, test } from './test';
import type { Account } from './world';

const LAKE = 'cat.jpg';

/** What is derived behind the API is seen within this time (ms). */
const SOON = { timeout: 60_000 };

const followButton = (page: Page, whom: Account) => page.getByRole('button', { name: `Follow ${whom.username}` });
const menuOf = (page: Page, whom: Account) => page.getByRole('button', { name: `More about ${whom.username}` });

async function choose(page: Page, whom: Account, item: string): Promise<void> {
  await menuOf(page, whom).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

test('a private account is asked, accepts at another device, and shows its photos', async ({
  page,
  browser,
  world,
  me,
}) => {
  test.setTimeout(180_000);
  const anna = await world.account('anna');
  await world.makePrivate(anna);
  const id = await world.post(anna, { caption: 'For friends', media: [[LAKE, 'A lake at dawn']] });

  await page.goto(`/@${anna.username}`);
  await expect(page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
  await expect(page.getByText(/\d followers?/)).toBeHidden();
  await expect(page.getByRole('link', { name: 'A lake at dawn' })).toBeHidden();
  await followButton(page, anna).click();
  const requested = page.getByRole('button', { name: `Requested to follow ${anna.username}` });
  await expect(requested).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByText(`You have asked ${anna.username}.`)).toBeVisible();
  await page.reload();
  await expect(requested).toBeVisible();

  const theirs = await atAnother(browser, anna);
  await expect(async () => {
    await theirs.page.goto('/activity');
    await expect(theirs.page.getByText('1 person asks to follow you')).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);
  await theirs.page.getByRole('link', { name: /Follow requests 1/ }).click();
  await expect(theirs.page.getByRole('link', { name: me.username })).toBeVisible();
  await theirs.page.getByRole('button', { name: `Accept ${me.username}` }).click();
  await expect(theirs.page.getByText(`${me.username} follows you now.`)).toBeVisible();
  await expect(theirs.page.getByRole('heading', { name: 'No requests' })).toBeVisible();

  // The page that waits finds out by itself.
  const photo = page.getByRole('link', { name: 'A lake at dawn' });
  await expect(photo).toBeVisible(SOON);
  await expect(followButton(page, anna)).toHaveText('Following');
  await photo.click();
  await expect(page.getByRole('dialog', { name: 'Photo' }).getByText('For friends')).toBeVisible();
  await expect(page.getByRole('dialog').getByRole('img', { name: 'Only followers see this' })).toBeVisible();
  await page.keyboard.press('Escape');

  // And in the feed, with its padlock.
  await world.inFeed(me, id);
  await page.goto('/');
  await expect(cardOf(page, id).getByRole('img', { name: 'Only followers see this' })).toBeVisible();

  // Leaving is asked about: one would have to ask again.
  await page.goto(`/@${anna.username}`);
  await followButton(page, anna).click();
  const question = page.getByRole('dialog', { name: `Unfollow ${anna.username}?` });
  await expect(question).toContainText('you have to ask again');
  await question.getByRole('button', { name: 'Unfollow' }).click();
  await expect(page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
  await expect(photo).toBeHidden();
  await theirs.context.close();
});

test('a request is withdrawn, and sent again by undoing that', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.makePrivate(anna);
  await page.goto(`/@${anna.username}`);
  await followButton(page, anna).click();
  const requested = page.getByRole('button', { name: `Requested to follow ${anna.username}` });
  await requested.click();
  await expect(followButton(page, anna)).toHaveText('Follow');
  const asked = async () =>
    (await world.call<{ requested_by_you: boolean }>('GET', `users/${anna.user_id}`, undefined, me)).requested_by_you;
  await expect.poll(asked, SOON).toBe(false);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(requested).toBeVisible();
  await expect.poll(asked, SOON).toBe(true);
});

test('a request is declined, and an acceptance is taken back', async ({ page, world, me }) => {
  const [anna, bert] = [await world.account('anna'), await world.account('bert')];
  await world.makePrivate(me);
  await world.follow(anna, me);
  await world.follow(bert, me);
  await expect(async () => {
    await page.goto('/activity/requests');
    await expect(page.getByRole('button', { name: /^Accept/ })).toHaveCount(2, { timeout: 3000 });
  }).toPass(SOON);
  await page.getByRole('button', { name: `Decline ${bert.username}` }).click();
  await expect(page.getByText(`${bert.username} is declined`)).toBeVisible();
  // The focus goes on to whoever is next.
  await expect(page.getByRole('button', { name: `Accept ${anna.username}` })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByText(`${anna.username} follows you now.`)).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(`${anna.username} does not follow you`)).toBeVisible();
  const followed = async (who: Account) =>
    (await world.call<{ followed_by_you: boolean }>('GET', `users/${me.user_id}`, undefined, who)).followed_by_you;
  await expect.poll(() => followed(anna), SOON).toBe(false);
  expect(await followed(bert)).toBe(false);
  await page.reload();
  await expect(page.getByRole('heading', { name: 'No requests' })).toBeVisible();
});

test('an account is made private, and public again with a question', async ({ page, browser, world, me }) => {
  await world.post(me, { media: [[LAKE, 'A lake at dawn']] });
  const anna = await world.account('anna');
  await page.goto('/settings/privacy');
  const toggle = page.getByRole('switch', { name: /Private account/ });
  await expect(toggle).not.toBeChecked();
  await toggle.click();
  await expect(page.getByText('Your account is private.', { exact: true })).toBeVisible();
  await expect(toggle).toBeChecked();
  await page.reload();
  await expect(toggle).toBeChecked();

  const theirs = await atAnother(browser, anna);
  await theirs.page.goto(`/@${me.username}`);
  await expect(theirs.page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
  await expect(theirs.page.getByRole('link', { name: 'A lake at dawn' })).toBeHidden();

  await toggle.click();
  const question = page.getByRole('dialog', { name: 'Make your account public?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await expect(toggle).toBeChecked();
  await toggle.click();
  await question.getByRole('button', { name: 'Make public' }).click();
  await expect(page.getByText('Your account is public.')).toBeVisible();
  await expect(toggle).not.toBeChecked();
  await theirs.page.reload();
  await expect(theirs.page.getByRole('link', { name: 'A lake at dawn' })).toBeVisible();
  await theirs.context.close();
});

test("somebody blocks, and the other's screen loses them", async ({ page, browser, world, me }) => {
  test.setTimeout(180_000);
  const anna = await world.account('anna');
  await world.follow(me, anna);
  await world.follow(anna, me);
  const [theirs, mine] = await Promise.all([
    world.post(anna, { caption: 'By the lake', media: [[LAKE, 'A lake at dawn']] }),
    world.post(me, { caption: 'Tulips', media: [[LAKE, 'Three tulips']] }),
  ]);
  await world.inFeed(me, theirs);
  await world.inFeed(anna, mine);

  const other = await atAnother(browser, anna);
  await expect(cardOf(other.page, mine)).toBeVisible();
  await page.goto('/');
  await expect(cardOf(page, theirs)).toBeVisible();

  await cardOf(page, theirs).getByRole('link', { name: anna.username }).first().click();
  await choose(page, anna, 'Block');
  const question = page.getByRole('dialog', { name: `Block ${anna.username}?` });
  await expect(question).toContainText('Unblocking does not bring them back');
  await question.getByRole('button', { name: 'Block' }).click();
  await expect(page.getByRole('heading', { name: `You have blocked ${anna.username}` })).toBeVisible();
  await expect(page.getByText(`${anna.username} is blocked.`)).toBeVisible();
  // The feed below has lost them already.
  await page.getByRole('navigation').getByRole('link', { name: 'Home' }).click();
  await expect(page.getByRole('heading', { name: 'Feed', exact: true })).toBeAttached();
  await expect(cardOf(page, theirs)).toBeHidden();

  // The other's screen still has the photo. Touching it takes it away.
  await cardOf(other.page, mine).getByRole('button', { name: 'Open' }).click();
  await expect(other.page.getByRole('heading', { name: 'This photo is no longer here' })).toBeVisible();
  await other.page.goBack();
  await expect(cardOf(other.page, mine)).toBeHidden();
  await other.page.goto(`/@${me.username}`);
  await expect(other.page.getByRole('heading', { name: 'There is no such person' })).toBeVisible();
  await expect(async () => {
    await other.page.goto('/');
    await expect(other.page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);

  // Unblocking lets both see the other again, and brings no follow back.
  await page.goto('/settings/privacy/blocked');
  await page.getByRole('button', { name: `Unblock ${anna.username}` }).click();
  await expect(page.getByText('Neither of you follows the other.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'You have blocked nobody' })).toBeVisible();
  await expect(async () => {
    await other.page.goto(`/@${me.username}`);
    await expect(followButton(other.page, me)).toHaveText('Follow', { timeout: 3000 });
  }).toPass(SOON);
  await expect(other.page.getByText('Follows you')).toBeHidden();
  await other.context.close();
});

test('a block is undone at once', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  expect(me.username).toBeTruthy();
  await page.goto(`/@${anna.username}`);
  await choose(page, anna, 'Block');
  await page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `You have blocked ${anna.username}` })).toBeFocused();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(`${anna.username} is no longer blocked.`)).toBeVisible();
  await expect(page.getByRole('heading', { level: 1, name: anna.username, exact: true })).toBeVisible(SOON);
});

test('whoever is muted leaves the feed at once and stays on their profile', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { media: [[LAKE, 'A lake at dawn']] });
  await world.inFeed(me, id);
  await page.goto('/');
  await expect(cardOf(page, id)).toBeVisible();
  await cardOf(page, id).getByRole('link', { name: anna.username }).first().click();
  await choose(page, anna, 'Mute');
  const question = page.getByRole('dialog', { name: `Mute ${anna.username}?` });
  await expect(question).toContainText(`${anna.username} is not told.`);
  await question.getByRole('button', { name: 'Mute' }).click();
  await expect(page.getByText('Muted', { exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'A lake at dawn' })).toBeVisible();
  await page.goBack();
  await expect(cardOf(page, id)).toBeHidden();
  await expect(async () => {
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);

  await page.goto('/settings/privacy/muted');
  await page.getByRole('button', { name: `Unmute ${anna.username}` }).click();
  await expect(page.getByRole('heading', { name: 'You have muted nobody' })).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('link', { name: anna.username })).toBeVisible();
  await page.getByRole('button', { name: `Unmute ${anna.username}` }).click();
  await expect(async () => {
    await page.goto('/');
    await expect(cardOf(page, id)).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);
});

test('close friends are kept in a list of their own', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  expect(me.username).toBeTruthy();
  await page.goto(`/@${anna.username}`);
  await choose(page, anna, 'Add to close friends');
  const question = page.getByRole('dialog', { name: `Add ${anna.username} to your close friends?` });
  await expect(question).toContainText('nobody is told');
  await question.getByRole('button', { name: 'Add' }).click();
  await expect(page.getByText('Close friend', { exact: true })).toBeVisible();
  await expect(async () => {
    await page.goto('/settings/privacy/close');
    await expect(page.getByRole('link', { name: anna.username })).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);
  await page.getByRole('button', { name: `Remove ${anna.username} from close friends` }).click();
  await expect(page.getByRole('heading', { name: 'There is nobody on this list' })).toBeVisible();
});

test('a follower is removed from the list of followers', async ({ page, world, me }) => {
  const anna = await world.account('anna');
  await world.follow(anna, me);
  const remove = page.getByRole('button', { name: `Remove ${anna.username} from your followers` });
  await expect(async () => {
    await page.goto(`/@${me.username}/followers`);
    await expect(remove).toBeVisible({ timeout: 3000 });
  }).toPass(SOON);
  await remove.click();
  const question = page.getByRole('dialog', { name: `Remove ${anna.username} from your followers?` });
  await expect(question).toContainText('can follow you again');
  await question.getByRole('button', { name: 'Remove' }).click();
  await expect(remove).toBeHidden();
  await expect(page.getByText(`${anna.username} no longer follows you.`)).toBeVisible();
  await expect(page.getByRole('heading', { name: 'No followers yet' })).toBeVisible();
  const follows = async () =>
    (await world.call<{ followed_by_you: boolean }>('GET', `users/${me.user_id}`, undefined, anna)).followed_by_you;
  await expect.poll(follows, SOON).toBe(false);
});

test('blocking and switching say that they need a connection', async ({ page, context, world, me }) => {
  const anna = await world.account('anna');
  expect(me.username).toBeTruthy();
  await page.goto(`/@${anna.username}`);
  await choose(page, anna, 'Block');
  await context.setOffline(true);
  const question = page.getByRole('dialog', { name: `Block ${anna.username}?` });
  await expect(question.getByText('Blocking needs a connection')).toBeVisible();
  await expect(question.getByRole('button', { name: 'Block' })).toBeDisabled();
  await context.setOffline(false);
  await expect(question.getByRole('button', { name: 'Block' })).toBeEnabled();
});
