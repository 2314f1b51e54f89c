import { z } from "zod";
import { DEFAULT_CURVE } from "./default-curve.js";

const share = z.number().min(0).max(1);

/** How a group's pool is shared out among its miners, best first: see `shared/scoring/curves`. */
export const curveSchema = z.discriminatedUnion("curve", [
  z.strictObject({
    curve: z.literal("top-n"),
    /** Miners paid per group beside the floor. */
    n: z.int().min(1),
    /** Each place earns `ratio` times what the next does, or place p earns p^−exponent. */
    decay: z.union([
      z.strictObject({ ratio: z.number().min(1).max(1000) }),
      z.strictObject({ exponent: z.number().min(0).max(16) }),
    ]),
    /** Share of the pool for the places behind. */
    floor: share.default(0),
  }),
  z.strictObject({
    curve: z.literal("proportional"),
    exponent: z.number().positive().max(16).default(DEFAULT_CURVE.exponent),
  }),
  z.strictObject({
    curve: z.literal("rank-points"),
    points: z
      .array(z.number().positive())
      .min(1)
      .max(4096)
      .refine((points) => points.every((value, i) => i === 0 || value <= points[i - 1]!), {
        error: "points do not rise from place to place",
      }),
  }),
  z.strictObject({ curve: z.literal("two-groups"), leaders: z.int().min(1), share }),
]);
