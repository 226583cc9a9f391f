/** Keeps a count before the title of the page, whatever the screen. Returns what takes it away. */
export function countInTitle(count: number): () => void {
  const mark = count > 0 ? `(${count > 99 ? '99+' : count}) ` : '';
  const title = document.querySelector('title');
  const put = () => {
    if (!document.title.startsWith(mark)) document.title = mark + document.title;
  };
  put();
  const watching = new MutationObserver(put);
  if (title) watching.observe(title, { childList: true, characterData: true, subtree: true });
  return () => {
    watching.disconnect();
    if (document.title.startsWith(mark)) document.title = document.title.slice(mark.length);
  };
}
