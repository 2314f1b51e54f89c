/** A number of things in words: `1 file`, `2 files`. @param whats where an s is not enough */
export const plural = (count: number, what: string, whats = `${what}s`): string =>
  `${count} ${count === 1 ? what : whats}`;
