import type { Schemas } from '$lib/api/client';

/** What of a photo can be edited. */
export interface Texts {
  caption: string;
  location: string;
  tags: readonly string[];
  /** What is to be seen, of each picture. */
  alts: string[];
  /** Who may comment. */
  comments: Schemas['CommentingView'];
  hideLikes: boolean;
}

type Edited = 'caption' | 'location' | 'tags' | 'media' | 'comments' | 'hide_like_count';

export function textsOf(card: Pick<Schemas['PhotoCard'], Edited>): Texts {
  return {
    caption: card.caption ?? '',
    location: card.location ?? '',
    tags: [...card.tags],
    alts: card.media.map(({ alt }) => alt ?? ''),
    comments: card.comments,
    hideLikes: card.hide_like_count,
  };
}

/** Returns what to tell the API: only what has changed, so that nothing else is written over. Nothing: no change. */
export function changesOf(before: Texts, after: Texts): Schemas['UpdatePhotoRequest'] | undefined {
  const changes: Schemas['UpdatePhotoRequest'] = {};
  const [caption, location] = [after.caption.trim(), after.location.trim()];
  if (caption !== before.caption.trim()) changes.caption = caption;
  if (location !== before.location.trim()) changes.location = location;
  if (after.tags.join(' ') !== before.tags.join(' ')) changes.tags = [...after.tags];
  const media = after.alts.flatMap((alt, index) =>
    alt.trim() === (before.alts[index] ?? '').trim() ? [] : [{ index, alt: alt.trim() }],
  );
  if (media.length > 0) changes.media = media;
  if (after.comments !== before.comments) changes.comments = after.comments;
  if (after.hideLikes !== before.hideLikes) changes.hide_like_count = after.hideLikes;
  return Object.keys(changes).length > 0 ? changes : undefined;
}
