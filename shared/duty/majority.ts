import type { Duty } from "./duty-document.js";
import { drawSlots, VOTE_SLOTS } from "./slots.js";
import type { Weights } from "./threshold.js";

export type VoteVerdict = Duty["verdict"];

export interface Vote {
  readonly hotkey: string;
  readonly verdict: VoteVerdict;
}

/** Undecided: nobody is punished, and the task is not paid. */
export type MajorityVerdict = "valid" | "invalid" | "undecided";

interface VoterDraw {
  readonly task: string;
  readonly executor: string;
  readonly beacon: string;
  /** Weights of those who can check tasks of this kind, fixed before the beacon. */
  readonly weights: Weights;
  readonly slots?: number;
}

/** Who votes on a flagged task, and with how many slots. Never its executor. */
export const drawVoters = ({ task, executor, beacon, weights, slots = VOTE_SLOTS }: VoterDraw) =>
  drawSlots({
    domain: "blockzero/duty-vote/1",
    beacon,
    subject: task,
    slots,
    weights: new Map([...weights].filter(([hotkey]) => hotkey !== executor)),
  });

/**
 * The verdict on a flagged task. The denominator is all slots without those of voters who abstain; silent voters stay in it. A verdict needs more
 * than two thirds of it, and the denominator more than half of all slots. A voter with two different votes is silent; votes without a slot do not
 * count.
 */
export const majorityVerdict = (voters: ReadonlyMap<string, number>, votes: readonly Vote[]): MajorityVerdict => {
  const said = new Map<string, VoteVerdict | "silent">();
  for (const { hotkey, verdict } of votes) {
    const before = said.get(hotkey);
    said.set(hotkey, before === undefined || before === verdict ? verdict : "silent");
  }
  const slots = { valid: 0, invalid: 0, abstain: 0, silent: 0 };
  for (const [hotkey, held] of voters) slots[said.get(hotkey) ?? "silent"] += held;
  const deciding = slots.valid + slots.invalid + slots.silent;
  const all = deciding + slots.abstain;
  if (2 * deciding <= all) return "undecided";
  if (3 * slots.invalid > 2 * deciding) return "invalid";
  return 3 * slots.valid > 2 * deciding ? "valid" : "undecided";
};
