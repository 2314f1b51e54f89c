import { mean } from "#shared/util/mean.js";
import type { Attack } from "../attack.js";
import { type Campaign, HONEST_MINERS, LIAR } from "./arena.js";
import type { KnownHarms } from "./harm.js";
import { type HonestWork, sumOfWork } from "./honest-work.js";
import type { ValidatorPart } from "./validator-part.js";

/** What an attack came to with one seed. */
export interface Observation {
  readonly attack: string;
  readonly seed: string;
  /**
   * By cycle, as a share of the incentive of the whole subnet: that of all the attacker's hotkeys together, less `IDENTITY_COST` for each
   * hotkey after the first.
   */
  readonly payoffs: readonly number[];
  /**
   * The same for as many honest miners of the group as the attacker has machines, a hotkey each: so many times the mean of all of them where the
   * attacker's are of their kind.
   */
  readonly honestPayoffs: readonly number[];
  /** The same for the attacker's own machines where they train honestly: better or worse than the mean of all, by luck. */
  readonly ownPayoffs: readonly number[];
  /** Held-out loss of the last model, mean of all groups, nats a token; without: where the attacker stays away. */
  readonly modelLossWithAttack: number;
  readonly modelLossWithout: number;
  /** As the attack says. */
  readonly hasMajority: boolean;
  readonly known: KnownHarms;
  /** All cycles together. */
  readonly work: HonestWork;
  readonly progress: Progress;
  /** Where the attacker stays away: a group whose model stands still pays nobody then, either. */
  readonly progressWithout: Progress;
  /** What stopped it: reasons of rejection, and what else it ran into. */
  readonly stoppedBy: readonly string[];
  readonly validators: readonly ValidatorPart[];
  /** Names of those that do nothing that they are paid for. */
  readonly idle: readonly string[];
}

/** In how many of the cycles the network did what it is for. */
export interface Progress {
  readonly cycles: number;
  /** Cycles with a model that was agreed on. */
  readonly agreed: number;
  /** Cycles in which all honest miners were scored. */
  readonly scored: number;
  /** Cycles in which an honest miner was paid. */
  readonly paid: number;
  /** Cycles whose model is better on held-out text than the one before. */
  readonly improved: number;
}

/** One more hotkey's registration and upkeep a cycle, as a share of all incentive. */
export const IDENTITY_COST = 0.01;

export interface Reference {
  /** The attacker stays away. */
  readonly absent: Campaign;
  /** Each of the attacker's machines is one more honest miner. */
  readonly honest: Campaign;
}

export const observationOf = (
  attack: Attack,
  seed: string,
  attacked: Campaign,
  { absent, honest }: Reference,
): Observation => ({
  attack: attack.name,
  seed,
  payoffs: attacked.cycles.map(({ incentives }) => incentives.attackers - upkeepOf(attack.identities ?? 1)),
  honestPayoffs: honestPayoffs(honest, attack),
  ownPayoffs: honest.cycles.map(({ incentives }) => incentives.attackers - upkeepOf(attack.machines ?? 1)),
  modelLossWithAttack: lastLoss(attacked),
  modelLossWithout: lastLoss(absent),
  hasMajority: attack.hasMajority ?? false,
  known: attack.known ?? {},
  work: sumOfWork(attacked.cycles.map(({ work }) => work)),
  progress: progressOf(attacked),
  progressWithout: progressOf(absent),
  stoppedBy: stoppedBy(attack, attacked),
  validators: attacked.validators,
  idle: attack.idle ?? Object.keys(attack.silent ?? {}),
});

const honestPayoffs = (
  { cycles }: Campaign,
  { machines = 1, honest: others = HONEST_MINERS }: Pick<Attack, "machines" | "honest">,
): readonly number[] =>
  cycles.map(({ incentives: { attackers, honest } }) => {
    const share = (attackers + others * honest) / (machines + others);
    return machines * share - upkeepOf(machines);
  });

const upkeepOf = (hotkeys: number): number => (hotkeys - 1) * IDENTITY_COST;

const lastLoss = ({ cycles }: Campaign): number => cycles.at(-1)!.loss;

const progressOf = ({ cycles, genesisLoss }: Campaign): Progress => {
  const count = (condition: (cycle: Campaign["cycles"][number], index: number) => boolean) =>
    cycles.filter(condition).length;
  return {
    cycles: cycles.length,
    agreed: count(({ isModelAgreed }) => isModelAgreed),
    scored: count(({ work }) => work.rejected + work.abstained === 0),
    paid: count(({ incentives }) => incentives.honest > 0),
    improved: count(({ loss }, i) => loss < (cycles[i - 1]?.loss ?? genesisLoss)),
  };
};

const stoppedBy = (
  { lie }: Attack,
  { outcomes, merged, cycles, agreedOn, validators }: Campaign,
): readonly string[] => {
  const found = new Set<string>();
  for (const { reason, verdict, score, hotkey } of outcomes) {
    if (reason !== null) found.add(reason);
    else if (verdict === "scored" && score === 0) found.add("proof-of-loss");
    else if (!merged.includes(hotkey)) found.add("rank");
  }
  if (lie?.entries && agreedOn.scores) found.add("tally");
  if (lie?.copies && validators.every(({ name, counted }) => name !== LIAR || counted === 0)) found.add("embargo");
  if (lie?.model && agreedOn.model) found.add("majority of models");
  if (lie && mean(cycles.map(({ incentives }) => incentives.attackers - incentives.honest)) < 0) found.add("yuma");
  return [...found].sort();
};
