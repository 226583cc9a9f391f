/** The photos that are looked at, the one on top at the end. */
const opened: { id: string }[] = [];

let top: string | undefined = $state();

/** The photo whose likes are counted as they come: the one on top. */
export const watched = {
  get id(): string | undefined {
    return top;
  },
};

/** Counts the likes of a photo as they come, until what it returns is called. */
export function watch(id: string): () => void {
  const one = { id };
  opened.push(one);
  top = id;
  return () => {
    opened.splice(opened.indexOf(one), 1);
    top = opened.at(-1)?.id;
  };
}
