import { beforeEach, describe, expect, it } from 'vitest';
import { forgetDevice } from '$lib/forget';
import { preferences } from '$lib/preferences.svelte';

beforeEach(() => {
  localStorage.clear();
  Object.assign(preferences, { theme: 'system', originals: false, saver: false, shortcuts: true });
});

describe('preferences', () => {
  it('are kept as nothing while they are the default', () => {
    expect(localStorage.length).toBe(0);
  });

  it('override the theme of the system until it is chosen again', () => {
    preferences.theme = 'dark';
    expect(document.documentElement.dataset.theme).toBe('dark');
    expect(localStorage.getItem('theme')).toBe('dark');
    preferences.theme = 'system';
    expect(document.documentElement.dataset.theme).toBeUndefined();
    expect(localStorage.getItem('theme')).toBeNull();
  });

  it('stay when the device forgets who used it, and nothing else does', async () => {
    Object.assign(preferences, { theme: 'dark', originals: true, saver: true, shortcuts: false });
    localStorage.setItem('PARAGLIDE_LOCALE', 'de');
    const chosen = { ...localStorage };
    localStorage.setItem('picture', 'x');
    await forgetDevice();
    expect({ ...localStorage }).toEqual(chosen);
  });
});
