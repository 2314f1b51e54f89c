/** A loss or a score as the page shows it; its unit stands in the heading. */
export const figure = (value: number | null, digits = 4): string => (value === null ? "–" : value.toFixed(digits));

/** A share of 1. */
export const share = (value: number | null): string => (value === null ? "–" : `${(100 * value).toFixed(1)} %`);

const WHOLE = new Intl.NumberFormat("en");

/** A whole number, such as 12,345. */
export const whole = (value: number): string => WHOLE.format(Math.round(value));

/** A length of time in words. @param ms milliseconds */
export const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
};

export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** The beginning of a hash or a hotkey. */
export const short = (text: string, length = 8): string => text.slice(0, length);
