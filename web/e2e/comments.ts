import type { Locator } from '@playwright/test';
import { expect } from './test';

/** Where one writes. */
export const field = (comments: Locator) => comments.getByRole('textbox');
/** The comment that says so. A comment has its replies within it, so the innermost counts. */
export const rowOf = (comments: Locator, text: string) =>
  comments.getByRole('article').filter({ hasText: text }).last();

/** Writes a comment and waits until the API has it. */
export async function write(comments: Locator, text: string): Promise<Locator> {
  await field(comments).fill(text);
  await comments.getByRole('button', { name: 'Send' }).click();
  const row = rowOf(comments, text);
  await expect(row).toHaveAttribute('data-comment');
  return row;
}
