import { api, ok } from '$lib/api/client';
import { decide } from '$lib/data/away.svelte';
import { forgetPhotosOf, knownPersonById, type Person, wishFor } from '$lib/data/entities.svelte';
import { feed } from '$lib/data/feed.svelte';
import { keptList, List } from '$lib/data/list.svelte';
import { people, query } from '$lib/data/pages';
import type { Wish } from '$lib/data/wish.svelte';
import { session } from '$lib/session.svelte';

/** What the person has decided about somebody. Nobody else is told. */
export class Circle {
  readonly block: Wish;
  readonly mute: Wish;
  readonly close: Wish;

  constructor(readonly userId: string) {
    this.block = wishFor('block', userId);
    this.mute = wishFor('mute', userId);
    this.close = wishFor('close-friend', userId);
  }

  /** Whether they are blocked. Somebody unblocked is seen again when the API agrees, and not before. */
  get blocked(): boolean {
    return this.block.wanted || this.block.said;
  }

  get muted(): boolean {
    return this.mute.wanted;
  }

  /** Takes what their profile says. */
  hear(muted: boolean, close: boolean): void {
    this.mute.hear(muted);
    this.close.hear(close);
  }

  /** Blocks them: nobody follows the other from then on, also after they are unblocked. */
  async setBlocked(on: boolean): Promise<void> {
    decide(this);
    await this.block.set(on);
    if (!on || !this.block.said) return;
    const them = knownPersonById(this.userId);
    them?.follow.overrule(false);
    them?.bell.overrule(false);
    forgetPhotosOf(this.userId);
    await feed.leaveOut(this.userId);
  }

  /** Leaves their photos out of the feed. */
  async setMuted(on: boolean): Promise<void> {
    decide(this);
    await this.mute.set(on);
    if (on && this.mute.said) await feed.leaveOut(this.userId);
  }
}

const circles = new Map<string, Circle>();

/** Returns what is decided about somebody. There is one of it, whoever shows it. */
export function circleOf(userId: string): Circle {
  let circle = circles.get(userId);
  if (!circle) {
    circle = new Circle(userId);
    circles.set(userId, circle);
  }
  return circle;
}

/** The lists of people about whom something is decided, by the names of their screens. */
export const CIRCLES = {
  blocked: { path: 'blocks', wish: 'block' },
  muted: { path: 'mutes', wish: 'mute' },
  close: { path: 'close-friends', wish: 'close' },
} as const;

export type CircleName = keyof typeof CIRCLES;

/** Those whom the person has blocked or muted, or who are close friends. Nobody else sees it. */
export function circleList(name: CircleName): List<Person> {
  const { path, wish } = CIRCLES[name];
  return keptList(`circle/${name}`, () => {
    return new List(
      async (cursor) => {
        const page = people(await ok(api.GET(`/api/v1/users/me/${path}`, { params: query(cursor) })));
        for (const { id } of page.items) {
          const circle = circleOf(id);
          circle[wish].hear(true);
          decide(circle);
        }
        return page;
      },
      ({ id }) => !circleOf(id)[wish].wanted,
    );
  });
}

session.onEnd(() => circles.clear());
