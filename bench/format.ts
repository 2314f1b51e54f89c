export const milliseconds = (value: number): string => `${value.toFixed(1)} ms`;

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Decimal units, as memory is sold. */
export const bytes = (count: number): string =>
  count >= 1e9 ? `${(count / 1e9).toFixed(2)} GB` : `${(count / 1e6).toFixed(1)} MB`;

/** Floating-point operations a second. */
export const rate = (flops: number): string => `${(flops / 1e9).toFixed(0)} GFLOP/s`;

export const verdict = (met: boolean): string => (met ? "met" : "MISSED");
