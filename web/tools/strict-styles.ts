import type { Plugin } from 'vite';

/**
 * Replaces the inline style of SvelteKit's announcer by a class of ours. The content security policy lets no style
 * attribute in. The build fails when SvelteKit's component has another form.
 */
export function strictStyles(): Plugin {
  return {
    name: 'strict-styles',
    enforce: 'pre',
    transform(code, id) {
      if (!id.split('?')[0]?.endsWith('/generated/root.svelte')) return undefined;
      const strict = code.replace(/(id="svelte-announcer"[^>]*?) style="[^"]*"/, '$1 class="sr"');
      if (strict === code || strict.includes(' style="')) this.error('the announcer of SvelteKit has changed');
      return strict;
    },
  };
}
