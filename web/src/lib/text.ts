/** Returns how many characters a text has, as the API counts them: code points, not units of UTF-16. */
export function lengthOf(text: string): number {
  return [...text].length;
}
