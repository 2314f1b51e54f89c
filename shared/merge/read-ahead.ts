/**
 * The result of `read` for each item, in order. Reads the next item meanwhile. `read` gets the index of one of two places to read into: the
 * item that was yielded last still lies in the other place.
 */
export async function* readAhead<I, T>(
  items: Iterable<I>,
  read: (item: I, place: 0 | 1) => Promise<T>,
): AsyncGenerator<T, void> {
  let place: 0 | 1 = 0;
  let ready: Promise<T> | null = null;
  for (const item of items) {
    const next = read(item, place);
    // It may be that nobody awaits it.
    next.catch(() => {});
    place = place === 0 ? 1 : 0;
    if (ready) yield await ready;
    ready = next;
  }
  if (ready) yield await ready;
}
