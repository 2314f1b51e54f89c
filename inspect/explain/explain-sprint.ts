import type { Confirmed } from "#shared/compute/confirmed.js";
import { entryOn, type SprintOutcome } from "#shared/compute/outcome.js";
import type { SprintResult } from "#shared/compute/read-sprint.js";
import type { SprintWindow } from "#shared/compute/read-window.js";
import type { CheckEntry } from "#shared/protocol/checks.js";
import type { Network } from "#shared/protocol/network.js";
import { sumStake } from "#shared/protocol/stake.js";
import { gateOf } from "./read-sprints.js";

/** What one validator said of a proof. */
export interface SprintOpinion {
  readonly hotkey: string;
  /** Share of the voting stake. */
  readonly stakeShare: number;
  /** Why it said nothing that counts. Null if it did. */
  readonly silence: string | null;
  readonly entry: CheckEntry | null;
}

/** A miner's Sprints, and what follows for its pay in a cycle. Weights are in nonces. */
export interface SprintFacts {
  /** Nonces with which pay is whole. Null if pay does not depend on them. */
  readonly required: number | null;
  /** Null if no Sprint is settled. */
  readonly confirmed: Confirmed | null;
  /** Part of its pay that it gets. 1 where pay does not depend on Sprints. */
  readonly part: number;
  /** Ascending by cycle. `outcome` is null where it did not enter. */
  readonly sprints: readonly { readonly cycle: number; readonly outcome: SprintOutcome | null }[];
  /** What the validators said of its last proof. */
  readonly said: readonly SprintOpinion[];
  /** Cycles whose Sprint cannot be had any more, or not in full. */
  readonly unknown: readonly number[];
}

/** What the settled Sprints say of one hotkey. Null where the network has none. */
export const sprintFacts = (
  network: Pick<Network, "sprint">,
  sprints: SprintWindow | null,
  { uid, hotkey }: { readonly uid: number; readonly hotkey: string },
): SprintFacts | null => {
  if (!sprints) return null;
  const { results, unknown, confirmed } = sprints;
  const outcomeIn = ({ outcomes }: SprintResult) =>
    outcomes.find((one) => one.uid === uid && one.hotkey === hotkey) ?? null;
  const last = results.at(-1);
  return {
    required: network.sprint?.required ?? null,
    confirmed: confirmed ? (confirmed.get(hotkey) ?? { weight: 0, bound: "none", low: 0, high: 0 }) : null,
    part: gateOf(network, sprints)?.(hotkey) ?? 1,
    sprints: results.map((result) => ({ cycle: result.cycle, outcome: outcomeIn(result) })),
    said: last && outcomeIn(last)?.proof ? opinionsOn(last, hotkey) : [],
    unknown,
  };
};

const opinionsOn = ({ heard, proofs, stakes }: SprintResult, hotkey: string): readonly SprintOpinion[] => {
  const proof = proofs.find((one) => one.hotkey === hotkey);
  const total = Number(sumStake(stakes.values()));
  return heard.map(({ hotkey: validator, stake, checks, problem }) => {
    const entry = checks && proof ? entryOn(checks, proof) : undefined;
    return {
      hotkey: validator,
      stakeShare: total === 0 ? 0 : Number(stake) / total,
      silence: problem ?? (entry ? null : "its checks do not name the proof"),
      entry: entry ?? null,
    };
  });
};
