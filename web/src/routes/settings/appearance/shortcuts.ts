import { m } from '$lib/paraglide/messages.js';

/** Single keys and what they do. Keys of one list are pressed after each other, lists are alternatives. */
export const SHORTCUTS: { keys: string[][]; text: () => string }[] = [
  { keys: [['j']], text: m.key_next },
  { keys: [['k']], text: m.key_previous },
  { keys: [['l']], text: m.key_like },
  { keys: [['o']], text: m.key_open },
  { keys: [['←'], ['→']], text: m.key_pictures },
  { keys: [['g', 'h']], text: m.key_home },
  { keys: [['g', 'n']], text: m.key_new },
  { keys: [['?']], text: m.key_help },
  { keys: [['Esc']], text: m.key_close },
];
