import { compareTexts } from "#shared/protocol/compare-texts.js";
import { MAX_REPUTATIONS, type StatedReputation } from "#shared/protocol/stated-reputation.js";
import { isMajority, type Stakes, sumStake } from "#shared/protocol/voting/stake.js";
import {
  NEWCOMER,
  nextReputation,
  type Reputation,
  type ReputationChange,
  type ReputationCycle,
  type ReputationRules,
} from "./reputation.js";

/** Hotkey → reputation. Hosts not in it are newcomers. */
export type Reputations = ReadonlyMap<string, Reputation>;

/** Of a list, as documents have it. */
export const reputationsOf = (stated: readonly StatedReputation[]): Reputations =>
  new Map(stated.map(({ hotkey, ...reputation }) => [hotkey, reputation]));

/** What one validator stated. */
export interface Statement {
  readonly hotkey: string;
  readonly reputations: readonly StatedReputation[];
}

/** Whose statements decide. */
export interface Stating {
  readonly stakes: Stakes;
  /** Validators that are there, whether they state anything or not. */
  readonly there: ReadonlySet<string>;
}

/**
 * What validators with more than half of the voting stake that is there state alike: else all hosts would be newcomers after one Sprint in which half
 * of the stake is away, or states nothing by choice. A host on whose reputation no majority agrees is a newcomer: it is checked more often, and the
 * next statements begin from there, so validators that differed agree again.
 *
 * @param statements one a validator
 */
export const agreedReputations = (statements: readonly Statement[], { stakes, there }: Stating): Reputations => {
  const present: Stakes = new Map([...stakes].filter(([hotkey]) => there.has(hotkey)));
  const votes = new Map<string, Map<string, { readonly reputation: Reputation; readonly stakes: bigint[] }>>();
  for (const { hotkey: validator, reputations } of statements) {
    for (const { hotkey, value, idle, missTest } of reputations) {
      const key = `${value} ${idle} ${missTest.ratio} ${missTest.isNegligent}`;
      const ofHost = votes.get(hotkey) ?? new Map();
      const vote = ofHost.get(key) ?? { reputation: { value, idle, missTest }, stakes: [] };
      vote.stakes.push(present.get(validator) ?? 0n);
      votes.set(hotkey, ofHost.set(key, vote));
    }
  }
  return new Map(
    [...votes]
      .flatMap(([hotkey, ofHost]) =>
        [...ofHost.values()]
          .filter((vote) => isMajority(sumStake(vote.stakes), present))
          .map(({ reputation }) => [hotkey, reputation] as const),
      )
      .sort(([a], [b]) => compareTexts(a, b)),
  );
};

/**
 * The newest of Sprints that agreed on reputations: one of which nobody can be heard agrees on nothing, not even that all are newcomers. Undefined if
 * none did, or if one after it is not known, as nobody can say what that agreed on.
 *
 * @param sprints ascending; undefined for those that are not known
 */
export const newestAgreement = <T extends { readonly reputations: unknown }>(
  sprints: readonly (T | undefined)[],
): T | undefined => sprints.findLast((one) => one === undefined || one.reputations !== null);

/** Hotkey → what a cycle changed. @param shown hotkey → what the cycle showed of it; of those not in it, nothing */
export const changedReputations = (
  before: Reputations,
  shown: ReadonlyMap<string, ReputationCycle>,
  rules: ReputationRules,
): ReadonlyMap<string, ReputationChange> =>
  new Map(
    [...new Set([...before.keys(), ...shown.keys()])]
      .sort()
      .map((hotkey) => [
        hotkey,
        nextReputation(before.get(hotkey) ?? NEWCOMER, shown.get(hotkey) ?? NOTHING_SHOWN, rules),
      ]),
  );

const NOTHING_SHOWN: ReputationCycle = { tasks: 0, isFraud: false, duties: 0, missed: 0, missRate: 0 };

/**
 * What a validator states, ascending by hotkey: all but newcomers; of more than a document holds those that were idle for the least cycles, ties by
 * hotkey.
 */
export const statedReputations = (reputations: Reputations): readonly StatedReputation[] =>
  [...reputations]
    .filter(([, { value, missTest }]) => value > 0 || missTest.isNegligent || missTest.ratio !== 0)
    .map(([hotkey, reputation]) => ({ hotkey, ...reputation }))
    .sort((a, b) => a.idle - b.idle || compareTexts(a.hotkey, b.hotkey))
    .slice(0, MAX_REPUTATIONS)
    .sort((a, b) => compareTexts(a.hotkey, b.hotkey));
