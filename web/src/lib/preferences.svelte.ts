export type Theme = 'system' | 'light' | 'dark';

/** Where the choices are kept. */
export const PREFERENCES = ['theme', 'keepOriginals', 'saver', 'shortcuts'] as const;
type Key = (typeof PREFERENCES)[number];

/** What the person chose on this device. It stays when they log out: it says nothing about them. */
class Preferences {
  /** The boot script of the shell reads it before the first paint. */
  #theme = $state(read('theme') as Theme | null);
  #originals = $state(read('keepOriginals') === 'on');
  #saver = $state(read('saver') === 'on');
  #shortcuts = $state(read('shortcuts') !== 'off');

  get theme(): Theme {
    return this.#theme ?? 'system';
  }

  set theme(theme: Theme) {
    this.#theme = theme === 'system' ? null : theme;
    write('theme', this.#theme);
    const { dataset } = document.documentElement;
    if (this.#theme) dataset.theme = this.#theme;
    else delete dataset.theme;
  }

  /** Whether photos are uploaded as they are. */
  get originals(): boolean {
    return this.#originals;
  }

  set originals(on: boolean) {
    this.#originals = on;
    write('keepOriginals', on ? 'on' : null);
  }

  /** Whether smaller pictures are loaded. `sizesFor` reads the same key, since it runs before the bundle is there. */
  get saver(): boolean {
    return this.#saver;
  }

  set saver(on: boolean) {
    this.#saver = on;
    write('saver', on ? 'on' : null);
  }

  /** Whether single keys do something. */
  get shortcuts(): boolean {
    return this.#shortcuts;
  }

  set shortcuts(on: boolean) {
    this.#shortcuts = on;
    write('shortcuts', on ? null : 'off');
  }
}

function read(key: Key): string | null {
  return localStorage.getItem(key);
}

/** Keeps a choice; the default is kept as nothing. */
function write(key: Key, value: string | null): void {
  if (value === null) localStorage.removeItem(key);
  else localStorage.setItem(key, value);
}

export const preferences = new Preferences();
