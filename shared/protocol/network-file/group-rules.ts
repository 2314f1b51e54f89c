import { z } from "zod";
import { about } from "./about.js";

/** Shares of a threshold group's secret at most: forming a group takes time in proportion. */
export const MAX_SHARES = 128;

/** Members of a group at most, whose numbers a record has room for. */
export const MAX_MEMBERS = 64;

/** Cycles in which a group is formed: keys, dealings, complaints, answers. */
export const FORMING_CYCLES = 4;

/** What participants must agree on about the beacon's threshold group. */
export const groupRulesSchema = z
  .strictObject({
    every: z
      .int()
      .min(FORMING_CYCLES + 1)
      .meta(
        about(
          "Cycles from one key generation to the next, the first in `first_cycle`. It takes four, in which the group before signs.",
          "cycles",
        ),
      ),
    shares: z
      .int()
      .min(1)
      .max(MAX_SHARES)
      .default(MAX_SHARES)
      .meta(about("Shares of the group's secret. Validators get them by their voting stake.")),
    threshold: z
      .int()
      .min(1)
      .max(MAX_SHARES)
      .default(MAX_SHARES / 2 + 1)
      .meta(about("Shares that sign, more than half of all.")),
  })
  .refine(({ shares, threshold }) => threshold <= shares && 2 * threshold > shares, {
    path: ["threshold"],
    message: "is more than half of the shares, and not more than all",
  });

export type GroupRules = z.infer<typeof groupRulesSchema>;
