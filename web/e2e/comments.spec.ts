import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { field, rowOf, write } from './comments';
import { atAnother, cardOf, expect, signIn, test } from './test';
import type { Account, World } from './world';

/** A photo by Anna in one's feed, which one follows her for. */
async function photoOf(world: World, me: Account): Promise<{ anna: Account; id: string }> {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  const id = await world.post(anna, { caption: 'Fog over the lake', media: [['cat.jpg', 'A lake']] });
  await world.inFeed(me, id);
  return { anna, id };
}

/** Opens the comments of a photo from its card: a sheet on phones, beside the photo elsewhere. */
async function openComments(page: Page, id: string): Promise<Locator> {
  await page.goto('/');
  await cardOf(page, id).getByRole('button', { name: 'Comment', exact: true }).click();
  const comments = page.getByRole('region', { name: 'Comments' });
  await expect(comments).toBeVisible();
  return comments;
}

test('a comment with a mention, an answer, a like, a pin, a deletion', async ({ page, browser, world, me }) => {
  test.setTimeout(150_000);
  const { anna, id } = await photoOf(world, me);
  const bert = await world.account('bert');
  await world.follow(me, bert);

  const comments = await openComments(page, id);
  await expect(comments.getByText('No comments yet')).toBeVisible();
  await test.step('somebody is mentioned by what is offered', async () => {
    await field(comments).pressSequentially('🌅 look, @ber');
    const offered = comments.getByRole('listbox', { name: 'People to mention' });
    await expect(offered.getByRole('option', { name: bert.username })).toHaveAttribute('aria-selected', 'true');
    await field(comments).press('Enter');
    await expect(field(comments)).toHaveValue(`🌅 look, @${bert.username} `);
    await expect(offered).toBeHidden();
    await field(comments).pressSequentially('is there');
    await comments.getByRole('button', { name: 'Send' }).click();
  });
  const own = rowOf(comments, 'is there');
  await expect(own.getByRole('link', { name: `@${bert.username}` })).toHaveAttribute('href', `/@${bert.username}`);
  await expect(own).toHaveAttribute('data-comment');
  await expect(field(comments)).toHaveValue('');

  await test.step('the author answers and pins at another device', async () => {
    const { page: other, context } = await atAnother(browser, anna);
    await other.goto(`/p/${id}`);
    const hers = other.getByRole('region', { name: 'Comments' });
    const row = rowOf(hers, 'is there');
    await row.getByRole('button', { name: `Reply to ${me.username}` }).click();
    await expect(field(hers)).toBeFocused();
    await write(hers, 'So he is');
    await row
      .getByRole('button', { name: `More about the comment by ${me.username}` })
      .first()
      .click();
    await other.getByRole('menuitem', { name: 'Pin' }).click();
    await expect(row.getByText('Pinned')).toBeVisible();
    await context.close();
  });

  await test.step('it is pinned and answered for the first one too', async () => {
    await expect(async () => {
      await page.goto(`/p/${id}`);
      await page
        .getByRole('button', { name: /^View all|^Comment$/ })
        .or(comments)
        .first()
        .click();
      await expect(own.getByText('Pinned')).toBeVisible({ timeout: 3000 });
      await comments.getByRole('button', { name: 'View 1 reply' }).click({ timeout: 3000 });
    }).toPass({ timeout: 60_000 });
    await expect(rowOf(comments, 'So he is')).toBeVisible();
  });

  await test.step('it is liked, and the count agrees after a reload', async () => {
    const heart = rowOf(comments, 'So he is').getByRole('button', { name: /^Like the comment/ });
    await heart.click();
    await expect(heart).toHaveAttribute('aria-pressed', 'true');
    await expect(rowOf(comments, 'So he is').getByText('1 like')).toBeVisible();
    await expect(async () => {
      const path = `photos/${id}/comments/${await own.getAttribute('data-comment')}/replies`;
      const { comments: replies } = await world.call<{ comments: { likes_count: number }[] }>(
        'GET',
        path,
        undefined,
        me,
      );
      expect(replies.map(({ likes_count }) => likes_count)).toEqual([1]);
    }).toPass({ timeout: 60_000 });
  });

  await test.step('its writer deletes it with the answer', async () => {
    await own
      .getByRole('button', { name: `More about the comment by ${me.username}` })
      .first()
      .click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const question = page.getByRole('dialog', { name: 'Delete this comment?' });
    await expect(question.getByText('The replies to it go with it.')).toBeVisible();
    await question.getByRole('button', { name: 'Delete' }).click();
    await expect(comments.getByText('No comments yet')).toBeVisible();
    await expect(async () => {
      const photo = await world.call<{ comments_count: number }>('GET', `photos/${id}`, undefined, me);
      expect(photo.comments_count).toBe(0);
    }).toPass({ timeout: 60_000 });
  });
});

test('two people at once: each sees what the other writes, and nothing moves before', async ({ page, world, me }) => {
  const { anna, id } = await photoOf(world, me);
  await page.clock.install();
  const comments = await openComments(page, id);
  await write(comments, 'I was first');
  await world.call('POST', `photos/${id}/comments`, { text: 'And I the second' }, anna);
  const newer = comments.getByRole('button', { name: '1 new comment' });
  await expect(async () => {
    await page.clock.fastForward('00:31');
    await expect(newer).toBeVisible({ timeout: 1000 });
  }).toPass();
  await expect(rowOf(comments, 'And I the second')).toBeHidden();
  await newer.click();
  await expect(rowOf(comments, 'And I the second')).toBeVisible();
  const texts = comments.locator('[data-comment] .text');
  await expect(texts).toHaveText([/And I the second/, /I was first/]);
  await expect(newer).toBeHidden();
});

test('a comment without a connection waits for one, and one that fails can be sent again', async ({
  page,
  context,
  world,
  me,
}) => {
  const { id } = await photoOf(world, me);
  const comments = await openComments(page, id);
  await expect(comments.getByText('No comments yet')).toBeVisible();

  await context.setOffline(true);
  await field(comments).fill('From the tunnel');
  await comments.getByRole('button', { name: 'Send' }).click();
  const row = rowOf(comments, 'From the tunnel');
  await expect(row.getByText('Is sent when there is a connection.')).toBeVisible();
  await context.setOffline(false);
  await expect(row).toHaveAttribute('data-comment');

  // The answer is lost on its way, so nobody knows whether it was written. Sent again, it is the same comment.
  const keys: (string | undefined)[] = [];
  await page.route(`**/api/v1/photos/${id}/comments`, async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    keys.push((await route.request().allHeaders())['idempotency-key']);
    const answer = await route.fetch();
    if (keys.length > 1) return route.fulfill({ response: answer });
    return route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"code":"internal"}' });
  });
  await field(comments).fill('Twice or once?');
  await comments.getByRole('button', { name: 'Send' }).click();
  const again = rowOf(comments, 'Twice or once?');
  await expect(again.getByText('The comment was not sent.')).toBeVisible();
  await again.getByRole('button', { name: 'Try again' }).click();
  await expect(again).toHaveAttribute('data-comment');
  expect(keys).toEqual([keys[0], keys[0]]);
  await expect(async () => {
    const got = await world.call<{ comments: { text: string }[] }>('GET', `photos/${id}/comments`, undefined, me);
    expect(got.comments.map(({ text }) => text)).toEqual(['Twice or once?', 'From the tunnel']);
  }).toPass();
});

test('a comment that is refused says why, and can be written on', async ({ page, world, me }) => {
  const { anna, id } = await photoOf(world, me);
  const comments = await openComments(page, id);
  await expect(comments.getByText('No comments yet')).toBeVisible();
  await world.call('PATCH', `photos/${id}`, { comments: 'off' }, anna);
  await field(comments).fill('Am I too late?');
  await comments.getByRole('button', { name: 'Send' }).click();
  const row = rowOf(comments, 'Am I too late?');
  await expect(row.getByRole('alert')).toHaveText('The comment was not sent. Comments are off.');
  await row.getByRole('button', { name: 'Discard' }).click();
  await expect(row).toBeHidden();
  await expect(field(comments)).toHaveValue('Am I too late?');

  await world.call('PATCH', `photos/${id}`, { comments: 'everyone' }, anna);
  await comments.getByRole('button', { name: 'Send' }).click();
  await expect(row).toHaveAttribute('data-comment');
});

test("the photo's author deletes a comment, and its writer's screen loses it", async ({ page, browser, world, me }) => {
  const { anna, id } = await photoOf(world, me);
  await page.clock.install();
  const comments = await openComments(page, id);
  await write(comments, 'To be deleted');
  await write(comments, 'To stay');

  const theirs = await atAnother(browser, anna);
  const hers = theirs.page.getByRole('region', { name: 'Comments' });
  await theirs.page.goto(`/p/${id}`);
  await rowOf(hers, 'To be deleted')
    .getByRole('button', { name: `More about the comment by ${me.username}` })
    .click();
  await theirs.page.getByRole('menuitem', { name: 'Delete' }).click();
  await theirs.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(rowOf(hers, 'To be deleted')).toBeHidden();
  await expect(rowOf(hers, 'To stay')).toBeVisible();
  await theirs.context.close();

  // One's own newest are shown for a minute, whatever the API lists: it may list them later.
  await expect(async () => {
    await page.clock.fastForward('00:31');
    await expect(rowOf(comments, 'To be deleted')).toBeHidden({ timeout: 1000 });
  }).toPass({ timeout: 60_000 });
  await expect(rowOf(comments, 'To stay')).toBeVisible();
});

test('comments are read newest first, or top first', async ({ page, world, me }) => {
  const { anna, id } = await photoOf(world, me);
  const bert = await world.account('bert');
  const first = await world.comment(anna, id, 'The first');
  await world.comment(bert, id, 'The second');
  for (const who of [me, anna, bert]) {
    await world.call('POST', `photos/${id}/comments/${first}/like`, undefined, who);
  }
  await expect(async () => {
    const path = `photos/${id}/comments?order=top`;
    const { comments } = await world.call<{ comments: { text: string }[] }>('GET', path, undefined, me);
    expect(comments.map(({ text }) => text)).toEqual(['The first', 'The second']);
  }).toPass({ timeout: 60_000 });

  const comments = await openComments(page, id);
  const texts = comments.locator('[data-comment] .text');
  const order = comments.getByRole('combobox', { name: 'Order of the comments' });
  await expect(texts).toHaveText([/The second/, /The first/]);
  await order.selectOption('Top first');
  await expect(texts).toHaveText([/The first/, /The second/]);
  await expect(rowOf(comments, 'The first').getByRole('button', { name: /^Like the comment/ })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await order.selectOption('Newest first');
  await expect(texts).toHaveText([/The second/, /The first/]);
});

test('who may comment and whether likes are counted is the author’s to say', async ({ page, world, me }) => {
  test.setTimeout(120_000);
  const id = await world.post(me, { caption: 'Tulips', media: [['dahlia.jpg', 'Tulips']] });
  const bert = await world.account('bert');
  await page.goto(`/p/${id}/edit`);
  await page.getByRole('radio', { name: 'Your followers' }).check();
  await page.getByRole('checkbox', { name: 'Hide the number of likes' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
  const photo = await world.call<object>('GET', `photos/${id}`, undefined, bert);
  expect(photo).toMatchObject({ comments: 'followers', hide_like_count: true, likes_count: null });

  const open = page.getByRole('button', { name: 'Comment', exact: true });
  const comments = page.getByRole('region', { name: 'Comments' });
  await test.step('whoever does not follow is told, and follows', async () => {
    await page.context().clearCookies();
    await page.evaluate(() => localStorage.clear());
    await signIn(page, bert);
    await page.goto(`/p/${id}`);
    await expect(page.getByText('Likes are not counted here')).toBeVisible();
    if (await open.isVisible()) await open.click();
    await expect(comments.getByText('Only followers can comment here.')).toBeVisible();
    await expect(field(comments)).toBeHidden();
    await comments.getByRole('button', { name: `Follow ${me.username}` }).click();
    await expect(field(comments)).toBeVisible();
    await expect(async () => {
      await write(comments, 'Now I may');
    }).toPass();
  });

  await test.step('nobody can comment where comments are off, and what is there stays', async () => {
    await world.call('PATCH', `photos/${id}`, { comments: 'off' }, me);
    await page.goto(`/p/${id}`);
    await expect(open).toBeHidden();
    const all = page.getByRole('button', { name: 'View 1 comment' });
    await expect(all.or(comments)).toBeVisible();
    if (await all.isVisible()) await all.click();
    await expect(rowOf(comments, 'Now I may')).toBeVisible();
    await expect(comments.getByText('Comments are off.')).toBeVisible();
    await expect(field(comments)).toBeHidden();
  });
});

test.describe('on a phone', () => {
  test.skip(({ isMobile }) => !isMobile);

  test('the sheet is drawn up and down, and Back and Esc close it', async ({ page, world, me }) => {
    const { id } = await photoOf(world, me);
    await openComments(page, id);
    const sheet = page.getByRole('dialog', { name: 'Comments' });
    const handle = sheet.getByRole('button', { name: 'Whole screen' });
    const part = () => sheet.locator('.sheet').evaluate((node) => node.getBoundingClientRect().height / innerHeight);
    await expect.poll(part).toBeCloseTo(0.6, 2);
    await handle.click();
    await expect.poll(part).toBeCloseTo(1, 2);
    await expect(handle).toHaveAttribute('aria-expanded', 'true');
    await draw(page, handle, 0.5);
    await expect.poll(part).toBeCloseTo(0.6, 2);
    await draw(page, handle, -0.35);
    await expect.poll(part).toBeCloseTo(1, 2);

    await page.goBack();
    await expect(sheet).toBeHidden();
    await expect(cardOf(page, id)).toBeVisible();
    await page.goForward();
    await expect(sheet).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(sheet).toBeHidden();
    await expect(page).toHaveURL(/\/$/);

    await cardOf(page, id).getByRole('button', { name: 'Comment', exact: true }).click();
    await draw(page, handle, 0.5);
    await expect(sheet).toBeHidden();
  });

  test('the field stays above the keyboard', async ({ page, world, me }) => {
    const { id } = await photoOf(world, me);
    const comments = await openComments(page, id);
    await expect(field(comments)).toBeFocused();
    // What a browser says when a keyboard lies over the page.
    await page.evaluate(() => {
      Object.defineProperty(visualViewport, 'height', { value: 400 });
      visualViewport?.dispatchEvent(new Event('resize'));
    });
    const bottom = () => field(comments).evaluate((node) => node.getBoundingClientRect().bottom);
    await expect.poll(bottom).toBeLessThanOrEqual(400);
    const sheet = page.getByRole('dialog', { name: 'Comments' }).locator('.sheet');
    await expect.poll(() => sheet.evaluate((node) => node.getBoundingClientRect().height)).toBe(400);
  });

  test('two taps like a comment, and never unlike it', async ({ page, world, me }) => {
    const { anna, id } = await photoOf(world, me);
    await world.call('POST', `photos/${id}/comments`, { text: 'Tap me' }, anna);
    const comments = await openComments(page, id);
    const row = rowOf(comments, 'Tap me');
    const heart = row.getByRole('button', { name: `Like the comment by ${anna.username}` });
    const box = await row.getByText('Tap me').boundingBox();
    if (!box) throw new Error('it is not to be seen');
    const tap = () => page.touchscreen.tap(box.x + box.width - 4, box.y + box.height / 2);
    // Both at once to the browser, so that a busy machine does not part them.
    await Promise.all([tap(), tap()]);
    await expect(heart).toHaveAttribute('aria-pressed', 'true');
    await Promise.all([tap(), tap()]);
    await expect(row.getByText('1 like')).toBeVisible();
    await expect(heart).toHaveAttribute('aria-pressed', 'true');
  });
});

test.describe('by the keyboard alone', () => {
  test.skip(({ isMobile }) => isMobile === true);

  test('c opens the comments, arrows choose whom to mention, Esc closes one thing at a time', async ({
    page,
    world,
    me,
  }) => {
    const { anna, id } = await photoOf(world, me);
    await page.goto('/');
    await expect(cardOf(page, id)).toBeVisible();
    const dialog = page.getByRole('dialog', { name: 'Photo' });
    const comments = dialog.getByRole('region', { name: 'Comments' });
    // Keys are heard a little after the first screen is there.
    await expect(async () => {
      if (await dialog.isHidden()) await page.keyboard.press('c');
      await expect(field(comments)).toBeFocused({ timeout: 1000 });
    }).toPass();
    await page.keyboard.type('@');
    const options = comments.getByRole('option');
    await expect(options.filter({ hasText: anna.username })).toHaveCount(1);
    await page.keyboard.press('Escape');
    await expect(options).toHaveCount(0);
    await expect(dialog).toBeVisible();
    await page.keyboard.type(anna.username.slice(0, 4));
    await expect(options.first()).toHaveAttribute('aria-selected', 'true');
    await expect(field(comments)).toHaveAttribute('aria-activedescendant', /-0$/);
    await page.keyboard.press('Tab');
    await expect(field(comments)).toHaveValue(`@${anna.username} `);
    // Arrows are the field's while one writes, and lead to no other photo.
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('End');
    await page.keyboard.type('hello');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('there');
    await page.keyboard.press('Enter');
    await expect(rowOf(comments, 'hello')).toHaveAttribute('data-comment');
    await expect(comments.getByRole('status').filter({ hasText: 'The comment is sent.' })).toBeAttached();
    await expect(field(comments)).toBeFocused();

    await page.keyboard.press('Shift+Tab');
    const menu = rowOf(comments, 'hello').getByRole('button', { name: /^More about the comment/ });
    await menu.focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('menuitem', { name: 'Copy text' })).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Delete this comment?' });
    await question.getByRole('button', { name: 'Delete' }).focus();
    await page.keyboard.press('Enter');
    await expect(comments.getByText('No comments yet')).toBeVisible();
    await expect(comments).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });
});

test('comments are without a fault, in light and dark, and nothing is lost', async ({ page, world, me }) => {
  test.setTimeout(120_000);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const { anna, id } = await photoOf(world, me);
  const text = `A long one for @${me.username}. ${'Fog over the lake, before anybody was up. '.repeat(6)}`;
  const first = await world.comment(anna, id, text);
  await world.call('POST', `photos/${id}/comments`, { text: 'An answer', reply_to: first }, me);
  await world.call('POST', `photos/${id}/comments`, { text: 'Another' }, me);
  await world.call('POST', `photos/${id}/comments/${first}/pin`, undefined, anna);
  const comments = await openComments(page, id);
  const replies = comments.getByRole('button', { name: 'View 1 reply' });
  await expect(async () => {
    await page.reload();
    await cardOf(page, id).getByRole('button', { name: 'Comment', exact: true }).or(comments).first().click();
    await expect(replies).toBeVisible({ timeout: 2000 });
    await expect(comments.getByText('Pinned')).toBeVisible({ timeout: 2000 });
  }).toPass({ timeout: 60_000 });
  await replies.click();
  await expect(rowOf(comments, 'An answer')).toBeVisible();
  await rowOf(comments, 'An answer')
    .getByRole('button', { name: `Reply to ${me.username}` })
    .click();
  await field(comments).pressSequentially(' @');
  await expect(comments.getByRole('listbox')).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page })
      .options({
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        rules: { 'target-size': { enabled: true } },
      })
      .analyze();
    const faults = violations.flatMap(({ id: rule, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${rule}: ${target.join(' ')}\n${failureSummary}`),
    );
    expect.soft(faults, colorScheme).toEqual([]);
  }

  // A narrow window and text of twice the size.
  await page.setViewportSize({ width: 320, height: 640 });
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
  await page.goto(`/p/${id}`);
  await page.getByRole('button', { name: 'View all 3 comments' }).click();
  await expect(rowOf(comments, 'Another')).toBeAttached();
  const widest = await page.evaluate(() => {
    const all = [...document.querySelectorAll('dialog[open] *:not(.sr, .sr *)')];
    return Math.max(...all.map((element) => element.getBoundingClientRect().right));
  });
  expect(widest).toBeLessThanOrEqual(320);
  await expect(field(comments)).toBeInViewport();
});

/** Draws something down by a part of the screen, a piece in each frame, and holds it still before letting go. */
async function draw(page: Page, what: Locator, by: number): Promise<void> {
  const box = await what.boundingBox();
  if (!box) throw new Error('it is not to be seen');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const length = by * (await page.evaluate(() => innerHeight));
  const frame = () => page.evaluate(() => new Promise(requestAnimationFrame));
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 10; step++) {
    await page.mouse.move(x, y + (length * step) / 10);
    await frame();
  }
  for (let step = 0; step < 12; step++) await frame();
  await page.mouse.up();
}
