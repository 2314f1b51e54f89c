import { valueText } from "#shared/beacon/value-text.js";
import { confirmedWeights } from "#shared/compute/confirmed.js";
import type { DutyStanding } from "#shared/compute/duty/standing.js";
import { type SprintOutcome, whyInvalid } from "#shared/compute/outcome.js";
import type { PayWindow } from "#shared/compute/read-pay-window.js";
import type { Network } from "#shared/protocol/network.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { sprintOf } from "#shared/protocol/sprint.js";
import { MILLION } from "#shared/util/fraction.js";
import type { CycleFacts } from "../explain/read-miners-cycle.js";
import { gateOf } from "../explain/read-sprints.js";
import type { ComputeHost, ComputeNow, DrawnSeed } from "./snapshot.js";

/** What of a cycle's facts proof of compute is shown from. */
export type ComputeFacts = Pick<CycleFacts, "cycle" | "sprints" | "seed">;

/**
 * Proof of compute as pay in the newest judged cycle depends on it. Null where the network file has no Sprints.
 *
 * @param facts   null if no cycle is judged yet
 * @param running the cycle that runs
 */
export const computeNow = (network: Network, facts: ComputeFacts | null, running: number): ComputeNow | null => {
  const { sprint } = network;
  if (!sprint) return null;
  const last = facts?.sprints?.results.at(-1);
  let next = Math.max(running, network.first_cycle);
  while (sprintOf(network, next) === undefined) next += 1;
  return {
    every: sprint.every,
    dials: sprint.dials,
    required: sprint.required ?? null,
    cycle: last?.cycle ?? null,
    isWhole: last?.isWhole ?? true,
    unknown: facts?.sprints?.unknown ?? [],
    next,
    duty: sprint.duty ? { cycle: facts?.sprints?.duty.results.at(-1)?.cycle ?? null } : null,
    hosts: facts?.sprints ? hostsOf(network, facts.sprints) : [],
    seed: facts && seedOf(facts),
  };
};

const seedOf = ({ cycle, seed: { value, ...moment } }: ComputeFacts): DrawnSeed => {
  if (value === null) return { cycle, ...moment, value };
  const said = { ...value, dropped: value.dropped.map(({ hotkey, why }) => ({ hotkey, why: asciiLine(why) })) };
  return { cycle, ...moment, value: { ...said, text: valueText(said) } };
};

/** What was read for a cycle does not change: its hosts are made once, not at every block. */
const madeHosts = new WeakMap<PayWindow, { readonly network: Network; readonly hosts: readonly ComputeHost[] }>();

const hostsOf = (network: Network, sprints: PayWindow): readonly ComputeHost[] => {
  const made = madeHosts.get(sprints);
  if (made?.network === network) return made.hosts;
  const hosts = makeHosts(network, sprints);
  madeHosts.set(sprints, { network, hosts });
  return hosts;
};

const makeHosts = (network: Network, sprints: PayWindow): readonly ComputeHost[] => {
  const { results, confirmations, confirmed, standings } = sprints;
  const last = new Map(results.at(-1)?.outcomes.map((outcome) => [outcome.hotkey, outcome]));
  const gate = gateOf(network, sprints);
  const settled = results.map(({ outcomes }) => outcomes);
  const former = settled.slice(0, -1).map((_, at) => confirmedWeights(settled.slice(0, at + 1)));
  const uids = new Map(settled.flat().map(({ hotkey, uid }) => [hotkey, uid]));
  return [...uids]
    .map(([hotkey, uid]): ComputeHost => {
      const outcome = last.get(hotkey);
      const { difficulty = null, measured = 0, low = 0, high = 0, wins = 0 } = outcome ?? {};
      const now = confirmed?.get(hotkey)?.weight ?? 0;
      return {
        ...{ uid, hotkey, difficulty, wins, measured, low, high },
        outcome: outcome?.outcome ?? null,
        why: whyOf(outcome),
        confirmation: outcome?.proof ? confirmationOf(confirmations, hotkey) : null,
        confirmed: now,
        weights: [...former.map((weights) => weights.get(hotkey)?.weight ?? null), now],
        ...dutyOf(standings?.get(hotkey)),
        paid: gate?.(hotkey) ?? 1,
      };
    })
    .sort((a, b) => a.uid - b.uid);
};

const dutyOf = (standing: DutyStanding | undefined): Pick<ComputeHost, "duty" | "reputation"> => {
  if (!standing) return { duty: null, reputation: null };
  const { newest, reputation } = standing;
  return {
    duty: newest ? { duties: newest.duties, missed: newest.missed, isFraud: newest.isFraud } : null,
    reputation: reputation.value / MILLION,
  };
};

/** How the last confirmation of the newest Sprint was settled for a hotkey. */
const confirmationOf = (confirmations: PayWindow["confirmations"], hotkey: string): ComputeHost["confirmation"] => {
  const last = confirmations.at(-1);
  if (!last) return null;
  const outcome = last.outcomes.find((one) => one.hotkey === hotkey);
  return { cycle: last.cycle, outcome: outcome?.outcome ?? "absent", measured: outcome?.measured ?? 0 };
};

/** Null where there is nothing to say beside the outcome. */
const whyOf = (outcome: SprintOutcome | undefined): string | null => {
  switch (outcome?.outcome) {
    case undefined:
      return "it did not enter";
    case "valid":
      return null;
    case "invalid":
      return whyInvalid(outcome);
    case "unopposed":
      return "too little of the stake was there to check it";
    case "undecided":
      return "too little of the stake recomputed its sample";
    case "withheld":
      return "more than half of the stake could not fetch its proof";
    case "absent":
      return "it entered, and committed to no proof in time";
  }
};
