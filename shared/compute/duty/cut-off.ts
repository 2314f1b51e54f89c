import { sumStake } from "#shared/protocol/voting/stake.js";
import type { Member } from "#shared/settlement/cycle-inputs.js";

/** What was fetched of members' documents of one kind. */
export interface FetchCount {
  /** Members that committed to one. */
  readonly committed: ReadonlySet<string>;
  /** Those of them whose document nobody served. */
  readonly gone: ReadonlySet<string>;
}

/**
 * Whether this machine itself is probably cut off: of the members that committed to a document, those with half of the weight or more have one
 * that could not be fetched. Duty documents and answers are counted together, because few members are asked for answers.
 */
export const isCutOff = (
  members: readonly Pick<Member, "hotkey" | "weight">[],
  fetched: readonly FetchCount[],
): boolean => {
  const weightOf = (isIn: (of: FetchCount, hotkey: string) => boolean): bigint =>
    sumStake(members.flatMap(({ hotkey, weight }) => (fetched.some((of) => isIn(of, hotkey)) ? [weight] : [])));
  const gone = weightOf((of, hotkey) => of.gone.has(hotkey));
  return gone > 0n && 2n * gone >= weightOf((of, hotkey) => of.committed.has(hotkey));
};
