import { z } from "zod";

/** Hours of the day, UTC: each from its first hour to before its last, over midnight where the last is not later. */
export type Hours = readonly { readonly from: number; readonly to: number }[];

const RANGE = /^(\d{1,2})-(\d{1,2})$/;

/** Ranges of hours such as `22-6,12-13`. */
export const hoursSchema = z.string().transform((text, context): Hours => {
  const ranges = text.split(",").map((part) => {
    const [, from, to] = RANGE.exec(part.trim()) ?? [];
    return { from: Number(from), to: Number(to) };
  });
  if (ranges.every(({ from, to }) => from <= 23 && to <= 24 && from !== to)) return ranges;
  context.addIssue({ code: "custom", message: HOURS_FORM });
  return z.NEVER;
});

export const HOURS_FORM = "ranges of whole hours, such as 22-6,12-13";

/** Whether a moment lies within the hours. @param now milliseconds since the epoch */
export const isWithin = (hours: Hours | undefined, now: number): boolean => {
  const hour = new Date(now).getUTCHours();
  return !hours || hours.some(({ from, to }) => (from < to ? hour >= from && hour < to : hour >= from || hour < to));
};
