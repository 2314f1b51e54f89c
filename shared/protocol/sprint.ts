import { z } from "zod";
import { about } from "./network-file/about.js";

/** Names of the sizes of a Sprint's network. */
export const SPRINT_DIALS = ["tiny", "test", "real"] as const;

/** Names of the arithmetics that Sprints are in. */
export const SPRINT_PROFILES = ["exact", "float"] as const;

/** Sprints that a confirmed weight is made of, the newest and those before it. */
export const SPRINT_WINDOW = 8;

/** Greatest number of wins that a validator recomputes of one proof. With fewer in it, all of them. */
export const MAX_SAMPLE = 459;

/** Most cycles from one Sprint to the next where those in between may have a confirmation, or idle time that is proven: all of them are looked at. */
const MAX_CONFIRMED_EVERY = 100;

/** Difficulties of a nonce: wins are one in so many. At the least one, of eight nonces that were never computed one would pass for a win. */
export const MIN_DIFFICULTY = 8;
export const MAX_DIFFICULTY = 900;

/**
 * With 400 wins in the Sprint and 100 in the window, who is there all the time misses so much with a probability of 3 %: more would be asked of
 * chance.
 */
const MAX_LEAST = 0.8;

/** Greatest number of a proof's wins that are tasks of duty. */
const MAX_DUTY_TASKS = 32;

/** How miners with confirmed weight check one another's wins. */
const dutySchema = z
  .strictObject({
    tasks: z
      .int()
      .min(1)
      .max(MAX_DUTY_TASKS)
      .default(20)
      .meta(
        about(
          "Wins of each proof that are tasks: drawn once proofs are committed. With fewer in it, all of them.",
          "wins",
        ),
      ),
    cut: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .meta(
        about(
          "Part of its pay that a miner can lose by duty: all of it by a proven fraud, and what it missed of its duty, above a hundredth, in proportion.",
          "share",
        ),
      ),
    verifiers: z
      .number()
      .gt(0)
      .max(0.5)
      .optional()
      .meta(
        about(
          "Part of a miner's pay that goes to those who did duty, for the part of its wins that was checked. Unset: nobody is paid for duty.",
          "share",
        ),
      ),
    reputation: z
      .enum(["corrected", "paper"])
      .optional()
      .meta(
        about(
          "How reputation is earned where it decides how often a miner's own wins are checked: `corrected`, or `paper`, with which missed duty costs none of it. Unset: as `corrected`, and all wins are checked alike.",
        ),
      ),
  })
  .meta(
    about(
      "Duty: miners with confirmed weight check wins of others, by draws: [duty.md](duty.md). Unset: nobody has any.",
    ),
  );

/** How miners show between two Sprints that what they confirmed is still there. */
const idleSchema = z
  .strictObject({
    window: z
      .number()
      .gt(0)
      .max(1)
      .default(0.25)
      .meta(
        about(
          "Part of the evaluate phase, from its first block on, in which a miner searches while its device is idle; the record must be on chain by its end.",
          "share",
        ),
      ),
    least: z
      .number()
      .gt(0)
      .max(MAX_LEAST)
      .default(0.5)
      .meta(
        about(
          "Part of the nonces that its confirmed weight would give in the window with which a miner upholds that weight.",
          "share",
        ),
      ),
    keep: z
      .number()
      .min(0)
      .lt(1)
      .default(0.8)
      .meta(
        about(
          "Part of its weight that each window leaves a miner that did not uphold it, until it does, or passes a confirmation.",
          "share",
        ),
      ),
    sample: z
      .int()
      .min(1)
      .max(MAX_SAMPLE)
      .default(90)
      .meta(about("Wins that each validator recomputes of a proof of idle time.", "wins")),
  })
  .meta(
    about(
      "Proofs of idle time in each cycle without a Sprint or a confirmation: [compute.md](compute.md#idle-time). Unset: none.",
    ),
  );

/** How miners show what arithmetic they can do. */
export const sprintSchema = z
  .strictObject({
    every: z
      .int()
      .min(1)
      .max(10_000)
      .meta(about("A Sprint belongs to every so-manieth cycle: those whose number it divides.", "cycles")),
    profile: z
      .enum(SPRINT_PROFILES)
      .default("exact")
      .meta(
        about(
          "The arithmetic: `exact` has the same bits on every device; `float` is the white paper's transformer, whose disputes end by vote.",
        ),
      ),
    dials: z.enum(SPRINT_DIALS).meta(about("The size of the network that nonces are put through.")),
    sample: z
      .int()
      .min(1)
      .max(MAX_SAMPLE)
      .default(MAX_SAMPLE)
      .meta(
        about(
          "Wins that each validator recomputes of a proof, drawn after it was committed. With `float` as many nonces as the test of `devices` takes.",
          "wins",
        ),
      ),
    devices: z
      .enum(["same", "mixed"])
      .optional()
      .meta(
        about(
          "With `float`, how far outputs may differ between devices: `same` is float32 in any order, `mixed` also half precision. Unset: `mixed`.",
        ),
      ),
    required: z
      .number()
      .positive()
      .optional()
      .meta(
        about(
          "Confirmed weight with which a miner's pay is whole; with less it gets the same part of it. Unset: pay does not depend on it.",
          "nonces",
        ),
      ),
    confirmations: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .meta(
        about(
          "Probability with which a cycle without a Sprint asks all who committed to a proof in the last one to prove again; nobody knows it before the cycle's reveal phase. Unset: none.",
          "share",
        ),
      ),
    max_share: z
      .number()
      .gt(0)
      .max(1)
      .default(0.25)
      .meta(
        about(
          "Largest part of all confirmed weight that one hotkey counts with as a member of duty, and in the shares of `blockzero compute status`; small networks have a larger one: [duty.md](duty.md#in-a-subnet).",
          "share",
        ),
      ),
    duty: dutySchema.optional(),
    idle: idleSchema.optional(),
  })
  .superRefine(({ every, profile, confirmations, idle }, context) => {
    if (idle && profile !== "exact")
      context.addIssue({ code: "custom", path: ["idle"], message: "is for the profile exact" });
    if (idle && every === 1)
      context.addIssue({ code: "custom", path: ["idle"], message: "is for cycles between two Sprints: every is 1" });
    if (every <= MAX_CONFIRMED_EVERY) return;
    const message = `are for Sprints in every ${MAX_CONFIRMED_EVERY}th cycle or more often`;
    for (const [key, value] of Object.entries({ confirmations, idle }))
      if (value !== undefined) context.addIssue({ code: "custom", path: [key], message });
  })
  .meta(about("Proof of compute: [compute.md](compute.md). Without it there are no Sprints."));

export type Sprint = z.infer<typeof sprintSchema>;

/** A cycle's Sprint as it is checked and settled: of idle time `sample` is smaller, and records must come earlier. */
export type PlayedSprint = Sprint & { readonly isIdle?: true };

/** What is played of idle time. Undefined where the network file has none. */
export const idleSprint = (sprint: Sprint | undefined): PlayedSprint | undefined =>
  sprint?.idle && { ...sprint, sample: sprint.idle.sample, isIdle: true };

/** Sprints with duty. */
export type SprintWithDuty = Sprint & { readonly duty: NonNullable<Sprint["duty"]> };

/** The network's Sprints if the cycle has one, else undefined. */
export const sprintOf = (
  { sprint, first_cycle }: { readonly sprint?: Sprint | undefined; readonly first_cycle: number },
  cycle: number,
): Sprint | undefined =>
  sprint !== undefined && cycle >= first_cycle && cycle % sprint.every === 0 ? sprint : undefined;

/** The same if it has duty. */
export const withDuty = (sprint: Sprint | undefined): SprintWithDuty | undefined =>
  sprint?.duty === undefined ? undefined : { ...sprint, duty: sprint.duty };

/**
 * The cycle whose Sprint would be confirmed in this one, or upheld by its idle time: the last before it under the same network file. Null where
 * neither can take place: without `sprint.confirmations` and `sprint.idle`, in a cycle with a Sprint of its own, and before the file's first Sprint.
 */
export const confirmedCycle = (
  { sprint, first_cycle }: { readonly sprint?: Sprint | undefined; readonly first_cycle: number },
  cycle: number,
): number | null => {
  if (!sprint || (sprint.confirmations === undefined && !sprint.idle) || cycle % sprint.every === 0) return null;
  const last = cycle - (cycle % sprint.every);
  return last >= first_cycle ? last : null;
};
