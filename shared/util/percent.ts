/** A share of 1 as people read it, with one decimal: `12.3 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
