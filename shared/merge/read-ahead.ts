/**
 * What `read` gives for each item, in order, while the next one is being read. It is told which of two places to read into: what was
 * yielded last still lies in the other one.
 */
export async function* readAhead<I, T>(
  items: Iterable<I>,
  read: (item: I, place: 0 | 1) => Promise<T>,
): AsyncGenerator<T, void> {
  let place: 0 | 1 = 0;
  let ready: Promise<T> | null = null;
  for (const item of items) {
    const next = read(item, place);
    // Nobody may come to wait for it.
    next.catch(() => {});
    place = place === 0 ? 1 : 0;
    if (ready) yield await ready;
    ready = next;
  }
  if (ready) yield await ready;
}
