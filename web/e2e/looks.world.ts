import { existsSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import type { components } from '../src/lib/api/schema';
import { picture } from './world';

type Schemas = components['schemas'];

/** The moment at which everything is looked at. */
const NOW = Date.parse('2026-11-29T12:00:00Z');
const before = (hours: number) => new Date(NOW - hours * 3600_000).toISOString();

export const MIRA = 'mira';
export const TOMAS = 'tomas';
const IDS: Record<string, string> = { [MIRA]: '1001', [TOMAS]: '1002' };

function comment(id: string, username: string, text: string, pinned = false): Schemas['CommentView'] {
  return {
    comment_id: id,
    photo_id: '2',
    user_id: IDS[username] ?? '',
    username,
    profile_pic: '/photos/nobody',
    text,
    mentions: [],
    created_at: before(1),
    likes_count: pinned ? 3 : 0,
    replies_count: pinned ? 2 : 0,
    liked_by_user: pinned,
    pinned,
  };
}

const COMMENTS = [
  comment('12', TOMAS, 'Both of them live in the garden, and come when one whistles.', true),
  comment('13', MIRA, 'What colours!'),
];

/** A photo of the demo world, as the API answers it. */
function card(
  id: string,
  username: string,
  name: string,
  [width, height]: [number, number],
  alt: string,
): Schemas['PhotoCard'] {
  const urls = { small: `/photos/${name}`, medium: `/photos/${name}`, large: `/photos/${name}` };
  return {
    photo_id: id,
    user_id: IDS[username] ?? '',
    username,
    profile_pic: '/photos/nobody',
    url: urls.large,
    thumbnail_urls: urls,
    caption: `${alt}, and what one says of it in a line or two so that it has to be broken somewhere.`,
    created_at: before(Number(id)),
    likes_count: Number(id) * 1234,
    comments_count: id === '2' ? COMMENTS.length : 0,
    comments: 'everyone',
    hide_like_count: false,
    liked_by_user: id === '2',
    saved_by_user: id === '3',
    audience: 'everyone',
    media: [{ width, height, alt, blurhash: null, urls }],
    tags: ['morning'],
    location: 'Manaus',
  };
}

const PHOTOS = [
  card('2', TOMAS, 'macaws.jpg', [768, 512], 'Two macaws'),
  card('3', TOMAS, 'cat.jpg', [451, 300], 'A cat'),
  card('5', TOMAS, 'bricks.jpg', [512, 512], 'Bricks'),
];

const page = { next_cursor: null, has_more: false };
const PROFILE: Schemas['Profile'] = {
  user_id: IDS[TOMAS] ?? '',
  username: TOMAS,
  full_name: 'Tomás Herrera',
  bio: 'Birds, mostly.',
  profile_pic: '/photos/nobody',
  follower_count: 12_345,
  following_count: 67,
  photo_count: PHOTOS.length,
  followed_by_you: true,
  private: false,
  requested_by_you: false,
  follows_you: true,
  muted: null,
  close_friend: false,
  bell: true,
  created_at: before(9000),
};
const ANSWERS: Record<string, unknown> = {
  feed: { ...page, photos: PHOTOS, caught_up: true } satisfies Schemas['FeedPage'],
  'photos/2': { ...card('2', TOMAS, 'macaws.jpg', [768, 512], 'Two macaws'), status: 'ready', failure: null },
  'photos/2/comments': { ...page, comments: COMMENTS } satisfies Schemas['CommentPage'],
  [`users/by-name/${TOMAS}`]: PROFILE,
  [`users/${IDS[TOMAS]}/photos`]: { ...page, photos: PHOTOS } satisfies Schemas['PhotoPage'],
  notifications: { ...page, unread_count: 1, notifications: [] } satisfies Schemas['Notifications'],
};

/**
 * Lets the page see one world at one moment, always the same: names, counts and times are in pictures. Answers have
 * the types of the API. Only the client is of the deployed cloud.
 */
export async function still(page: Page, signedIn: boolean): Promise<void> {
  await page.clock.setFixedTime(NOW);
  await page.route(/\/api\/v1\//, (route) => {
    const answer = ANSWERS[new URL(route.request().url()).pathname.replace('/api/v1/', '')];
    return answer ? route.fulfill({ json: answer }) : route.fulfill({ status: 404, json: { code: 'not_found' } });
  });
  await page.route(
    ({ pathname }) => pathname.startsWith('/photos/'),
    (route) => {
      // Nobody has a picture of their own.
      const file = picture(new URL(route.request().url()).pathname.replace('/photos/', ''));
      return existsSync(file)
        ? route.fulfill({ contentType: 'image/jpeg', body: readFileSync(file) })
        : route.fulfill({ status: 404 });
    },
  );
  if (!signedIn) return;
  const session = { user_id: IDS[MIRA], username: MIRA, until: NOW + 3600_000 };
  await page.addInitScript((stored) => localStorage.setItem('session', stored), JSON.stringify(session));
}
