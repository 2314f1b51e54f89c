/** Ascending order of texts by their code units, as `sort()` has it. Hotkeys, hashes and names are ASCII: the order of their bytes. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
