import boot from 'virtual:boot';
import type { Handle } from '@sveltejs/kit';

/** Puts the boot script into the shells when they are built. Nothing of this runs on a server later. */
export const handle: Handle = ({ event, resolve }) => {
  return resolve(event, { transformPageChunk: ({ html }) => html.replace('%boot%', () => `<script>${boot}</script>`) });
};
