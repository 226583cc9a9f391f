import { field, rowOf, write } from './comments';
import { atAnother, cardOf, expect, test } from './test';
import { picture } from './world';

/** What is derived behind the API is seen within this time (ms). */
const SOON = { timeout: 60_000 };

test('two people at once, from the request to follow to the removal of the follower', async ({
  page,
  browser,
  world,
  me,
}) => {
  test.setTimeout(240_000);
  const anna = await world.account('anna');
  const { page: theirs, context } = await atAnother(browser, anna);
  const mine = page.getByRole('region', { name: 'Comments' });
  const hers = theirs.getByRole('region', { name: 'Comments' });
  let id = '';

  await test.step('she makes her account private', async () => {
    await theirs.goto('/settings/privacy');
    const toggle = theirs.getByRole('switch', { name: /Private account/ });
    await toggle.click();
    await expect(theirs.getByText('Your account is private.', { exact: true })).toBeVisible();
  });

  await test.step('I ask, she accepts', async () => {
    await page.goto(`/@${anna.username}`);
    await expect(page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
    await page.getByRole('button', { name: `Follow ${anna.username}` }).click();
    await expect(page.getByRole('button', { name: `Requested to follow ${anna.username}` })).toBeVisible();
    const accept = theirs.getByRole('button', { name: `Accept ${me.username}` });
    await expect(async () => {
      await theirs.goto('/activity/requests');
      await expect(accept).toBeVisible({ timeout: 3000 });
    }).toPass(SOON);
    await accept.click();
    await expect(theirs.getByText(`${me.username} follows you now.`)).toBeVisible();
    await expect(page.getByRole('button', { name: `Follow ${anna.username}` })).toHaveText('Following', SOON);
  });

  await test.step('she posts, and I see it', async () => {
    await theirs.goto('/new');
    await theirs.getByLabel('Choose pictures').setInputFiles(picture('cat.jpg'));
    await theirs.getByRole('button', { name: 'Next', exact: true }).click();
    await theirs.getByLabel('Caption').fill('For friends');
    await theirs.getByRole('button', { name: 'Share', exact: true }).click();
    const shared = theirs.getByRole('article').filter({ hasText: 'For friends' });
    await expect(shared).toBeVisible(SOON);
    id = (await shared.getAttribute('data-photo')) ?? '';
    await world.inFeed(me, id);
    await page.goto('/');
    await expect(cardOf(page, id).getByText('For friends')).toBeVisible();
  });

  await test.step('I comment and mention her', async () => {
    await cardOf(page, id).getByRole('button', { name: 'Comment', exact: true }).click();
    await field(mine).pressSequentially(`Lovely, @${anna.username.slice(0, 5)}`);
    await mine.getByRole('option', { name: anna.username }).click();
    await mine.getByRole('button', { name: 'Send' }).click();
    await expect(rowOf(mine, 'Lovely')).toHaveAttribute('data-comment');
    await expect(rowOf(mine, 'Lovely').getByRole('link', { name: `@${anna.username}` })).toBeVisible();
  });

  await test.step('she replies and pins, and I see both', async () => {
    await expect(async () => {
      await theirs.goto(`/p/${id}`);
      await expect(rowOf(hers, 'Lovely')).toBeVisible({ timeout: 3000 });
    }).toPass(SOON);
    const row = rowOf(hers, 'Lovely');
    await row.getByRole('button', { name: `Reply to ${me.username}` }).click();
    await write(hers, 'Thank you');
    await row
      .getByRole('button', { name: `More about the comment by ${me.username}` })
      .first()
      .click();
    await theirs.getByRole('menuitem', { name: 'Pin' }).click();
    await expect(row.getByText('Pinned')).toBeVisible();

    await expect(async () => {
      await page.goto('/');
      await cardOf(page, id).getByRole('button', { name: 'Comment', exact: true }).click();
      await expect(mine.getByText('Pinned')).toBeVisible({ timeout: 3000 });
      await mine.getByRole('button', { name: 'View 1 reply' }).click({ timeout: 3000 });
    }).toPass(SOON);
    await expect(rowOf(mine, 'Thank you')).toBeVisible();
  });

  await test.step('she removes me, and what I see of her closes', async () => {
    const remove = theirs.getByRole('button', { name: `Remove ${me.username} from your followers` });
    await expect(async () => {
      await theirs.goto(`/@${anna.username}/followers`);
      await expect(remove).toBeVisible({ timeout: 3000 });
    }).toPass(SOON);
    await remove.click();
    const question = theirs.getByRole('dialog', { name: `Remove ${me.username} from your followers?` });
    await question.getByRole('button', { name: 'Remove' }).click();
    await expect(theirs.getByText(`${me.username} no longer follows you.`)).toBeVisible();

    // My screen has the comments still. Writing one more finds that the photo is not mine to see.
    await expect(async () => {
      await expect(world.call('GET', `photos/${id}`, undefined, me)).rejects.toThrow('photo_not_found');
    }).toPass(SOON);
    await field(mine).fill('One more');
    await mine.getByRole('button', { name: 'Send' }).click();
    await expect(rowOf(mine, 'One more').getByRole('alert')).toContainText('This photo is no longer here');
    await page.goto(`/p/${id}`);
    await expect(page.getByRole('heading', { name: 'This photo is no longer here' })).toBeVisible();
    await page.goto(`/@${anna.username}`);
    await expect(page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
    await expect(page.getByRole('button', { name: `Follow ${anna.username}` })).toHaveText('Follow');
  });
  await context.close();
});
