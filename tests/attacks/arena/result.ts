import { mean } from "#shared/mean.js";
import type { Attack } from "../attack.js";
import type { Campaign } from "./arena.js";

/** An attack's line in the table, and in the file of `npm run attacks -- --json`. */
export interface Result {
  readonly attack: string;
  /**
   * What a cycle earns, as a share of the incentive of the whole subnet: that of all the attacker's hotkeys together, the mean over all
   * cycles, less `IDENTITY_COST` for each hotkey after the first.
   */
  readonly payoff: number;
  /**
   * The same for as many honest miners of the group as the attacker has machines, a hotkey each: so many times the mean of all of them where the
   * attacker's are of their kind.
   */
  readonly honestPayoff: number;
  /** Held-out loss of the last model, mean of all groups, nats a token; without: where the attacker stays away. */
  readonly modelLossWithAttack: number;
  readonly modelLossWithout: number;
  /**
   * Share of the honest miners' submissions that honest validators called duplicates, all validators and cycles together. Updates of the arena's model have 2,304 elements, so that two may well
   * be alike by chance; `npm run bench -- duplicates` has larger ones.
   */
  readonly accused: number;
  /** What stopped it: reasons of rejection, and what else it ran into. */
  readonly caughtBy: readonly string[];
}

/** One more hotkey's registration and upkeep a cycle, as a share of all incentive. */
export const IDENTITY_COST = 0.01;

/** A model may be worse by this share. */
export const TOLERANCE = 0.01;

export interface Reference {
  /** The attacker stays away. */
  readonly absent: Campaign;
  /** Each of the attacker's machines is one more honest miner. */
  readonly honest: Campaign;
}

export const resultOf = (attack: Attack, attacked: Campaign, { absent, honest }: Reference): Result => ({
  attack: attack.name,
  payoff: mean(attacked.incentives.map(({ attackers }) => attackers)) - upkeepOf(attack.identities ?? 1),
  honestPayoff: honestPayoff(honest, attack.machines ?? 1),
  modelLossWithAttack: attacked.loss,
  modelLossWithout: absent.loss,
  accused: attacked.accused,
  caughtBy: caughtBy(attack, attacked),
});

/** Honest miners accused by chance; who sets out to have them accused wants them all. */
const ACCUSED = 0.1;

/** By how much of it somebody who does honest work by halves may be lucky in the draw of a few cycles. */
export const LUCK = 0.5;

/**
 * Whether honest work would have earned as much, the model is none the worse, and honest miners are not taken for copiers.
 *
 * @param luck share of the honest payoff that may come on top of it
 */
export const isHarmless = (
  { payoff, honestPayoff, modelLossWithAttack, modelLossWithout, accused }: Result,
  luck = 0,
): boolean =>
  payoff <= (1 + luck) * honestPayoff &&
  modelLossWithAttack <= modelLossWithout * (1 + TOLERANCE) &&
  accused <= ACCUSED;

const HONEST_OTHERS = 4;

/** Their own shares there would be luck: they are some of many alike. */
const honestPayoff = ({ incentives }: Campaign, machines: number): number => {
  const miners = machines + HONEST_OTHERS;
  const share = mean(incentives.map(({ attackers, honest }) => (attackers + HONEST_OTHERS * honest) / miners));
  return machines * share - upkeepOf(machines);
};

const upkeepOf = (hotkeys: number): number => (hotkeys - 1) * IDENTITY_COST;

const caughtBy = ({ lie }: Attack, { outcomes, merged, incentives, agreedOn }: Campaign): readonly string[] => {
  const found = new Set<string>();
  for (const { reason, verdict, score, hotkey } of outcomes) {
    if (reason !== null) found.add(reason);
    else if (verdict === "scored" && score === 0) found.add("proof-of-loss");
    else if (!merged.includes(hotkey)) found.add("rank");
  }
  if (lie?.entries && agreedOn.scores) found.add("tally");
  if (lie?.model && agreedOn.model) found.add("majority of models");
  if (lie && incentives.every(({ attackers, honest }) => attackers < honest)) found.add("yuma");
  return [...found].sort();
};
