import { sumStake } from "#shared/protocol/voting/stake.js";
import type { Member } from "#shared/settlement/cycle-inputs.js";

/** What was fetched of members' documents of one kind. */
export interface Heard {
  /** Members that committed to one. */
  readonly committed: ReadonlySet<string>;
  /** Those of them whose document nobody served. */
  readonly gone: ReadonlySet<string>;
}

/**
 * Whether members with half of the weight of those who committed to anything serve something of it to nobody: the fault is then this machine's. One count of all kinds of documents: those who are
 * asked for answers may be few, and half of these are soon found.
 */
export const isCutOff = (members: readonly Pick<Member, "hotkey" | "weight">[], heard: readonly Heard[]): boolean => {
  const weightOf = (isIn: (of: Heard, hotkey: string) => boolean): bigint =>
    sumStake(members.flatMap(({ hotkey, weight }) => (heard.some((of) => isIn(of, hotkey)) ? [weight] : [])));
  const gone = weightOf((of, hotkey) => of.gone.has(hotkey));
  return gone > 0n && 2n * gone >= weightOf((of, hotkey) => of.committed.has(hotkey));
};
