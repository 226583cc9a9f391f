import type { Schemas } from '$lib/api/client';

// What the API's document does not say yet. It goes with the next `npm run api`.

export type Notification = Schemas['Notification'] & {
  /** When the row was told last, and moved to the top (RFC 3339). */
  updated_at?: string;
};

export type Notifications = Omit<Schemas['Notifications'], 'notifications'> & {
  notifications: Notification[];
  /** With a cursor: rows told since the walk began, each once, newest first. */
  newer?: Notification[];
};
