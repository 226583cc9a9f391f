import type { Page } from '@playwright/test';
import { emptyFeed, NEW, type Scene, type Screen, SIGNED_IN, SIGNED_OUT, scene } from './screens';
import { cardOf, expect, test } from './test';

// A narrow window is the same thing everywhere.
test.skip(({ isMobile }) => isMobile === true);

test.describe('text of twice the size, 320 pixels wide', () => {
  test.use({ viewport: { width: 320, height: 640 }, contextOptions: { reducedMotion: 'reduce' } });

  /** The size of text that a person sets in the browser. */
  test.beforeEach(async ({ page }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setFontSizes', { fontSizes: { standard: 32, fixed: 26 } });
  });

  test('nothing is lost before one is signed in', async ({ page }) => {
    await whole(page, SIGNED_OUT);
  });

  test('nothing is lost when one is signed in', async ({ page, world, me }) => {
    test.setTimeout(180_000);
    await whole(page, [emptyFeed]);
    await whole(page, SIGNED_IN, await scene(world, me));
  });

  test('nothing is lost of a new photo', async ({ page, me }) => {
    expect(me.username).toBeTruthy();
    await whole(page, NEW);
  });
});

/** Opens each screen, and finds nothing beside the window and nothing cut. */
async function whole(page: Page, screens: Screen[], it = {} as Scene): Promise<void> {
  for (const screen of screens) {
    await test.step(screen.name, async () => {
      await screen.open(page, it);
      expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px');
      expect.soft(await page.evaluate(lost), screen.name).toEqual([]);
    });
  }
}

/** What cannot be seen of the page, to be read in a report. Runs in the page. */
function lost(): string[] {
  const faults: string[] = [];
  const root = document.documentElement;
  // Beside it there may be room for a scrollbar, which is no room for the page.
  if (root.scrollWidth > Math.ceil(root.getBoundingClientRect().width))
    faults.push(`the page is ${root.scrollWidth} wide`);

  const range = document.createRange();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent?.trim();
    const parent = node.parentElement;
    if (!text || !parent?.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    // For screen readers only, or initials in place of a picture.
    if (parent.closest('.sr, .skip, .avatar, option, title')) continue;
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const by = cutBy(parent, box);
      if (by) faults.push(`"${text.slice(0, 40)}" is cut by ${by}`);
    }
  }
  return [...new Set(faults)];

  /** What hides a part of the box: the edge of the window, or an element that shows no more than its own size. */
  function cutBy(from: Element, box: DOMRect): string | undefined {
    for (let element: Element | null = from; element; element = element.parentElement) {
      const style = getComputedStyle(element);
      const frame = element.getBoundingClientRect();
      // A name for screen readers, as in the bar at the bottom.
      if (style.clipPath !== 'none' && frame.width <= 1) return undefined;
      // A text that is opened by "more".
      if (style.webkitLineClamp !== 'none') return undefined;
      // What scrolls can be reached.
      if (/auto|scroll/.test(style.overflowX)) return undefined;
      const hidesX = /hidden|clip/.test(style.overflowX);
      const hidesY = /hidden|clip/.test(style.overflowY);
      const name = `${element.tagName.toLowerCase()}.${[...element.classList].join('.')}`;
      if (hidesX && (box.left < frame.left - 1 || box.right > frame.right + 1)) return name;
      if (hidesY && (box.top < frame.top - 2 || box.bottom > frame.bottom + 2)) return name;
      if (style.position === 'fixed') break;
    }
    return box.left < -1 || box.right > innerWidth + 1 ? 'the window' : undefined;
  }
}

test.describe('reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('nothing moves where a person wants no motion', async ({ page, world, me }) => {
    await page.addInitScript(() => {
      const moved: string[] = [];
      Object.assign(window, { moved });
      const note = (event: Event) => {
        for (const animation of (event.target as Element).getAnimations({ subtree: true })) {
          const { duration = 0, iterations = 1 } = animation.effect?.getTiming() ?? {};
          if (Number(duration) * (iterations ?? 1) > 1) moved.push(`${event.type} of ${duration} ms`);
        }
      };
      addEventListener('animationstart', note, true);
      addEventListener('transitionrun', note, true);
      const start = document.startViewTransition;
      if (!start) return;
      document.startViewTransition = function (...given) {
        moved.push('a transition of the view');
        return start.apply(this, given);
      };
    });
    const { theirs } = await scene(world, me);
    await page.goto('/');
    const card = cardOf(page, theirs);

    await card.getByRole('img', { name: 'A lake at dawn' }).dblclick();
    await expect(card.getByRole('button', { name: 'Like' })).toHaveAttribute('aria-pressed', 'true');
    // One frame later it is there, and not on its way.
    const place = await card.getByRole('button', { name: 'Next picture' }).evaluate(async (button: HTMLElement) => {
      const track = button.closest('.track');
      button.click();
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return (track?.scrollLeft ?? 0) / (track?.clientWidth ?? 1);
    });
    expect(place).toBe(1);
    await expect(card.getByText('2 of 2')).toBeVisible();

    await card.getByRole('button', { name: 'Open' }).click();
    await expect(page.getByRole('dialog', { name: 'Photo' })).toBeVisible();
    await page.keyboard.press('Escape');
    await card.getByRole('link', { name: '1 like' }).click();
    await expect(page.getByRole('heading', { name: 'Likes' })).toBeAttached();
    await page.getByRole('link', { name: 'Activity' }).click();
    await expect(page.getByText('likes your photo')).toBeVisible();

    expect(await page.evaluate(() => (window as unknown as { moved: string[] }).moved)).toEqual([]);
    const longest = await page.evaluate(() => {
      const seconds = (list: string) => Math.max(...list.split(',').map((one) => Number.parseFloat(one)));
      const all = [...document.querySelectorAll('*')].flatMap((element) =>
        [undefined, '::before', '::after'].map((part) => getComputedStyle(element, part)),
      );
      return Math.max(...all.map((one) => Math.max(seconds(one.animationDuration), seconds(one.transitionDuration))));
    });
    expect(longest).toBeLessThanOrEqual(0.001);
  });
});
