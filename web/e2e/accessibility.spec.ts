import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { emptyFeed, NEW, type Scene, type Screen, SIGNED_IN, SIGNED_OUT, scene } from './screens';
import { expect, test } from './test';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

// Colours are measured as they are in the end, not on their way there.
test.use({ contextOptions: { reducedMotion: 'reduce' } });

/** Opens each screen, and finds no fault in it, in light and in dark. */
async function faultless(page: Page, screens: Screen[], it = {} as Scene): Promise<void> {
  for (const screen of screens) {
    await test.step(screen.name, async () => {
      await screen.open(page, it);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations, passes } = await new AxeBuilder({ page })
          .options({ runOnly: RULES, rules: { 'target-size': { enabled: true } } })
          .analyze();
        const faults = violations.flatMap(({ id, nodes }) =>
          nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}\n${failureSummary}`),
        );
        expect.soft(faults, `${screen.name}, ${colorScheme}`).toEqual([]);
        expect(passes.map(({ id }) => id)).toEqual(expect.arrayContaining(['color-contrast', 'target-size']));
      }
    });
  }
}

test('screens before one is signed in are without a fault', async ({ page }) => {
  await faultless(page, SIGNED_OUT);
});

test('screens of somebody signed in are without a fault', async ({ page, world, me }) => {
  test.setTimeout(240_000);
  await faultless(page, [emptyFeed]);
  await faultless(page, SIGNED_IN, await scene(world, me));
});

test('the steps of a new photo are without a fault', async ({ page, me }) => {
  test.setTimeout(120_000);
  expect(me.username).toBeTruthy();
  await faultless(page, NEW);
});
