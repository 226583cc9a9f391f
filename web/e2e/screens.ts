import type { Page } from '@playwright/test';
import { cardOf, expect } from './test';
import { type Account, picture, type World } from './world';

/** Enough of a world that no screen is empty. */
export interface Scene {
  me: Account;
  anna: Account;
  /** A private account that asks to follow one; muted, and a close friend. */
  cleo: Account;
  /** A collection of saved photos with Anna's in it. */
  collection: string;
  /** A photo of Anna's with two pictures, in the feed. */
  theirs: string;
  /** A photo of one's own, which Anna likes. */
  mine: string;
}

export interface Screen {
  name: string;
  open: (page: Page, scene: Scene) => Promise<void>;
}

const CAPTION =
  'Fog over the lake, before anybody was up. We sat on the pier until the first boat came, and nobody said a word.\n' +
  'The second picture is from the way home, when the sun was there at last and the coffee as well.';

export async function scene(world: World, me: Account): Promise<Scene> {
  const anna = await world.account('anna');
  await world.follow(me, anna);
  await world.follow(anna, me);
  const [theirs, mine] = await Promise.all([
    world.post(anna, {
      caption: CAPTION,
      location: 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch',
      tags: ['fog', 'lake', 'slow_mornings'],
      media: [
        ['cat.jpg', 'A lake at dawn'],
        ['bricks.jpg', 'The way home'],
      ],
    }),
    world.post(me, { caption: 'Tulips', media: [['dahlia.jpg', 'Three tulips']] }),
  ]);
  await world.like(anna, mine);
  await world.call('POST', `photos/${theirs}/comments`, { text: `Was it as cold as it looks, @${anna.username}?` }, me);
  await world.inFeed(me, theirs);
  const [cleo, dora] = await Promise.all([world.account('cleo'), world.account('dora')]);
  await world.makePrivate(cleo);
  await world.makePrivate(me);
  await world.follow(cleo, me);
  await world.call('POST', `users/${cleo.user_id}/mute`, {}, me);
  await world.call('POST', `users/${cleo.user_id}/close-friend`, undefined, me);
  await world.call('POST', `users/${dora.user_id}/block`, undefined, me);
  const collection = await world.collection(me, 'Slow mornings', theirs);
  await world.searched(me, anna.username, anna);
  await expect(async () => {
    const told = await world.call<{ notifications: { type: string }[] }>('GET', 'notifications', undefined, me);
    expect(told.notifications.map(({ type }) => type)).toEqual(expect.arrayContaining(['follow', 'like']));
  }).toPass({ timeout: 60_000 });
  return { me, anna, cleo, collection, theirs, mine };
}

/** A screen at an address, which is there when it has its title and has read what it shows. */
function at(name: string, path: string | ((scene: Scene) => string), title: string | RegExp): Screen {
  return {
    name,
    open: async (page, it) => {
      await page.goto(typeof path === 'string' ? path : path(it));
      await expect(page.getByRole('heading', { level: 1, name: title })).toBeAttached();
      await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    },
  };
}

/** A screen that another leads to. */
function then(name: string, before: Screen, go: (page: Page, scene: Scene) => Promise<void>): Screen {
  return {
    name,
    open: async (page, it) => {
      await before.open(page, it);
      await go(page, it);
    },
  };
}

const login = at('log in', '/login', 'Log in');
const register = at('sign up', '/register', 'Sign up');
const forgot = at('forgotten password', '/forgot', 'Forgot your password?');

export const SIGNED_OUT: Screen[] = [
  login,
  then('log in, refused', login, async (page) => {
    await page.getByLabel('User name or e-mail').fill('nobody_of_that_name');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByText('Name and password do not match.')).toBeVisible();
  }),
  register,
  then('sign up, not filled in', register, async (page) => {
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect(page.getByText('Please fill this in.').first()).toBeVisible();
  }),
  forgot,
  then('forgotten password, sent', forgot, async (page) => {
    await page.getByLabel('User name or e-mail').fill('nobody_of_that_name');
    await page.getByRole('button', { name: 'Send link' }).click();
    await expect(page.getByRole('heading', { name: 'Look into your mail' })).toBeVisible();
  }),
  at('new password', '/reset#token', 'New password'),
  at('address to prove', '/prove#token', 'This link no longer works'),
  at('no more daily mails', '/unsubscribe#token', 'No more daily mails?'),
];

export const emptyFeed: Screen = then('empty feed', at('', '/', 'Feed'), async (page) => {
  await expect(page.getByRole('heading', { name: 'Your feed is empty' })).toBeVisible();
});

const feed = then('feed', at('', '/', 'Feed'), async (page, { theirs }) => {
  await expect(cardOf(page, theirs)).toBeVisible();
});
const photo = at('photo', ({ theirs }) => `/p/${theirs}`, /^Photo by/);
const comments = then('comments', photo, async (page) => {
  const region = page.getByRole('region', { name: 'Comments' });
  const open = page.getByRole('button', { name: 'Comment', exact: true });
  await expect(open.or(region)).toBeVisible();
  if (await open.isVisible()) await open.click();
  await expect(region.getByText('Was it as cold as it looks')).toBeVisible();
});
const own = at('own photo', ({ mine }) => `/p/${mine}`, /^Photo by/);
const settings = at('settings', '/settings', 'Settings');
const closed = then(
  'private profile',
  at('', ({ cleo }) => `/@${cleo.username}`, /^cleo_/),
  async (page) => {
    await expect(page.getByRole('heading', { name: 'This account is private' })).toBeVisible();
    await expect(page.getByText('Muted', { exact: true })).toBeVisible();
  },
);
const menuOfPerson = then('menu of a person', closed, async (page) => {
  await page.getByRole('button', { name: /^More about cleo_/ }).click();
  await expect(page.getByRole('menuitem', { name: 'Block' })).toBeVisible();
});
const search = at('search', '/search', 'Search');

/** A list of people, each of whom can be taken out of it. */
function people(name: string, path: string, title: string, button: RegExp): Screen {
  return then(name, at('', path, title), async (page) => {
    await expect(page.getByRole('button', { name: button })).toBeVisible();
  });
}

export const SIGNED_IN: Screen[] = [
  feed,
  then('photo over the feed', feed, async (page, { theirs }) => {
    await cardOf(page, theirs).getByRole('button', { name: 'Open' }).click();
    await expect(page.getByRole('dialog', { name: 'Photo' }).getByText('Fog over the lake')).toBeVisible();
  }),
  photo,
  then('photo, enlarged', photo, async (page) => {
    await page.getByRole('button', { name: 'Enlarge' }).click();
    await expect(page.getByRole('group', { name: 'Enlarged picture' }).getByRole('img')).toBeVisible();
  }),
  comments,
  then('menu of a photo', own, async (page) => {
    await page.getByRole('button', { name: 'More about this photo' }).click();
    await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeVisible();
  }),
  then('question before a deletion', own, async (page) => {
    await page.getByRole('button', { name: 'More about this photo' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Delete' })).toBeVisible();
  }),
  at('edit', ({ mine }) => `/p/${mine}/edit`, 'Edit photo'),
  then(
    'likers',
    at('', ({ mine }) => `/p/${mine}/likes`, 'Likes'),
    async (page, { anna }) => {
      await expect(page.getByRole('main').getByRole('link', { name: anna.username })).toBeVisible();
    },
  ),
  at('photo that is gone', '/p/1', 'This photo is no longer here'),
  then(
    'own profile',
    at('', ({ me }) => `/@${me.username}`, /^me_/),
    async (page) => {
      await expect(page.getByRole('link', { name: 'Three tulips' })).toBeVisible();
    },
  ),
  then(
    "somebody's profile",
    at('', ({ anna }) => `/@${anna.username}`, /^anna_/),
    async (page) => {
      await expect(page.getByRole('link', { name: 'A lake at dawn' })).toBeVisible();
    },
  ),
  then(
    'followers',
    at('', ({ anna }) => `/@${anna.username}/followers`, /^Followers of/),
    async (page, { me }) => {
      await expect(page.getByRole('main').getByRole('link', { name: me.username })).toBeVisible();
    },
  ),
  closed,
  menuOfPerson,
  then('question before a block', menuOfPerson, async (page) => {
    await page.getByRole('menuitem', { name: 'Block' }).click();
    await expect(page.getByRole('dialog').getByRole('button', { name: 'Block' })).toBeVisible();
  }),
  then(
    'own followers',
    at('', ({ me }) => `/@${me.username}/followers`, /^Followers of/),
    async (page) => {
      await expect(page.getByRole('button', { name: /^Remove anna_/ })).toBeVisible();
    },
  ),
  then('requests', at('', '/activity/requests', 'Follow requests'), async (page) => {
    await expect(page.getByRole('button', { name: /^Accept cleo_/ })).toBeVisible({ timeout: 60_000 });
  }),
  then(
    'saved photos',
    at('', ({ me }) => `/@${me.username}/saved`, /^me_/),
    async (page) => {
      await expect(page.getByRole('link', { name: 'A lake at dawn' })).toBeVisible();
      await expect(page.getByRole('link', { name: /Slow mornings/ })).toBeVisible();
    },
  ),
  then(
    'collection',
    at('', ({ me, collection }) => `/@${me.username}/saved/${collection}`, 'Slow mornings'),
    async (page) => {
      await page.getByRole('button', { name: 'More about this collection' }).click();
      await page.getByRole('menuitem', { name: 'Take photos out' }).click();
      await expect(page.getByRole('button', { name: 'Take out: A lake at dawn' })).toBeVisible();
    },
  ),
  then('choice of a collection', photo, async (page) => {
    await page.getByRole('button', { name: 'More about this photo' }).click();
    await page.getByRole('menuitem', { name: 'Save to a collection…' }).click();
    await expect(page.getByRole('button', { name: /Slow mornings/ })).toBeVisible();
  }),
  search,
  then('search, while one types', search, async (page, { anna }) => {
    await page.getByRole('combobox', { name: 'Search people' }).fill(anna.username);
    await page.getByRole('option', { name: anna.username }).hover();
    await page.keyboard.press('ArrowDown');
  }),
  then(
    'search, results',
    at('', ({ anna }) => `/search?q=${anna.username}`, /^Results for/),
    async (page, { anna }) => {
      await expect(page.getByRole('button', { name: `Follow ${anna.username}` })).toBeVisible();
    },
  ),
  then('search, recent ones', search, async (page, { anna }) => {
    await page.getByRole('combobox', { name: 'Search people' }).fill(anna.username);
    await page.getByRole('option', { name: anna.username }).click();
    await expect(page.getByRole('heading', { name: anna.username })).toBeVisible();
    await page.goto('/search');
    await expect(page.getByRole('button', { name: 'Clear all' })).toBeVisible();
  }),
  at('search, nobody', '/search?q=nobody.of.that.name.at.all', /^Results for/),
  at('nothing there', '/no/such/place', 'There is nothing here'),
  at('nobody of that name', '/@nobody.of.that.name', 'There is no such person'),
  then('activity', at('', '/activity', 'Activity'), async (page) => {
    await expect(page.getByText('likes your photo')).toBeVisible();
  }),
  then('activity, with the question about notifications', at('', '/activity', 'Activity'), async (page) => {
    await page.context().grantPermissions(['notifications']);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Hear of it at once' })).toBeVisible();
  }),
  settings,
  then('question before logging out', settings, async (page) => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(page.getByRole('dialog', { name: 'Log out of this device?' })).toBeVisible();
  }),
  at('settings: profile', '/settings/profile', 'Profile'),
  at('settings: account', '/settings/account', 'Account'),
  then('settings: notifications', at('', '/settings/notifications', 'Notifications'), async (page) => {
    await expect(page.getByRole('switch', { name: /^New followers/ })).toBeChecked();
    await expect(page.getByText('No device yet.')).toBeVisible();
  }),
  then('settings: privacy', at('', '/settings/privacy', 'Privacy'), async (page) => {
    await expect(page.getByRole('switch')).toBeChecked();
  }),
  people('settings: blocked', '/settings/privacy/blocked', 'Blocked', /^Unblock dora_/),
  people('settings: muted', '/settings/privacy/muted', 'Muted', /^Unmute cleo_/),
  people('settings: close friends', '/settings/privacy/close', 'Close friends', /^Remove cleo_/),
  at('settings: sessions', '/settings/sessions', 'Sessions'),
  at('settings: appearance', '/settings/appearance', 'Appearance and use'),
];

const pick = at('new photo', '/new', 'New photo');

/** The steps of a new photo, each from where the one before it ends. */
export const NEW: Screen[] = [
  pick,
  {
    name: 'new photo: crop',
    open: async (page) => {
      await page
        .getByLabel('Choose pictures')
        .setInputFiles([picture('cat.jpg'), picture('bricks.jpg'), picture('macaws.jpg')]);
      await expect(page.getByRole('tab', { name: 'Crop', selected: true })).toBeVisible();
      await expect(page.getByLabel('Straighten')).toBeVisible();
    },
  },
  {
    name: 'new photo: filter',
    open: async (page) => {
      await page.getByRole('tab', { name: 'Filter' }).click();
      await page.getByText('Selenium').click();
      await expect(page.getByLabel('Strength')).toBeVisible();
    },
  },
  {
    name: 'new photo: description',
    open: async (page) => {
      await page.getByRole('tab', { name: 'Describe' }).click();
      await page.getByLabel('What the picture shows').fill('A cat on a wall');
    },
  },
  {
    name: 'new photo: details',
    open: async (page) => {
      await page.getByRole('button', { name: 'Next', exact: true }).click();
      await expect(page.getByLabel('Caption')).toBeVisible();
    },
  },
  {
    name: 'new photo: question before it is discarded',
    open: async (page) => {
      await page.getByRole('button', { name: 'Back', exact: true }).click();
      await page.getByRole('button', { name: 'Discard' }).click();
      await expect(page.getByRole('dialog', { name: 'Discard this draft?' })).toBeVisible();
    },
  },
];
