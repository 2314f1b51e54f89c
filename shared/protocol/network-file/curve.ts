import { z } from "zod";
import { about } from "./about.js";
import { DEFAULT_CURVE } from "./default-curve.js";

const share = z.number().min(0).max(1);

/** How a group's pool is divided among its miners, best first: see `shared/rewards/curves`. */
export const curveSchema = z.discriminatedUnion("curve", [
  z.strictObject({
    curve: z.literal("top-n"),
    n: z.int().min(1).meta(about("Miners of a group that are paid beside the floor.")),
    decay: z
      .union([
        z.strictObject({
          ratio: z.number().min(1).max(1000).meta(about("Each place earns so many times what the next does.")),
        }),
        z.strictObject({ exponent: z.number().min(0).max(16).meta(about("Place p earns p^−exponent.")) }),
      ])
      .meta(about("How pay falls from place to place: one of the two.")),
    floor: share.default(0).meta(about("Part of the pool for the places behind.", "share")),
  }),
  z.strictObject({
    curve: z.literal("proportional"),
    exponent: z
      .number()
      .positive()
      .max(16)
      .default(DEFAULT_CURVE.exponent)
      .meta(about("Power of the score that is paid.")),
  }),
  z.strictObject({
    curve: z.literal("rank-points"),
    points: z
      .array(z.number().positive())
      .min(1)
      .max(4096)
      .refine((points) => points.every((value, i) => i === 0 || value <= points[i - 1]!), {
        error: "points do not rise from place to place",
      })
      .meta(about("What each place earns, the best first; they do not rise.")),
  }),
  z.strictObject({
    curve: z.literal("two-groups"),
    leaders: z.int().min(1).meta(about("Miners of the first part.")),
    share: share.meta(about("Part of the pool that they share.", "share")),
  }),
]);
