import { isMajority, isMoreThanHalf, type Stakes, sumStake } from "./stake.js";

/** The voters that say that they hold a document. */
export interface Holders {
  readonly holders: readonly string[];
  readonly stake: bigint;
  /** Whether they have more than half of the voting stake, so that the document counts. */
  readonly counts: boolean;
  /**
   * Whether it does not, though they have more than half of the stake that says what it holds, which is more than half of the voting stake. Its
   * author is there, and kept from being heard by who is there and says that it does not hold it: of a report see `isReportUnheard`.
   */
  readonly isUnheard: boolean;
}

/**
 * Whether a report is unheard. What it would have said speaks against rejecting, so its author must say as well that it holds it, as whoever is
 * honest and there does: else a validator could keep its own from being heard, and leave its miners' cycles out by it.
 */
export const isReportUnheard = (
  { holders, isUnheard }: Pick<Holders, "holders" | "isUnheard">,
  author: string,
): boolean => isUnheard && holders.includes(author);

/**
 * Whether voters with more than half of the voting stake say what they hold. If not, no document counts or is unheard, and nobody can be heard.
 *
 * @param said hotkeys, each once; who does not vote counts for nothing
 */
export const isExchanged = (said: Iterable<string>, stakes: Stakes): boolean =>
  isMajority(sumStake([...said].map((hotkey) => stakes.get(hotkey) ?? 0n)), stakes);

/**
 * Tells who of the voters holds a numbered document.
 *
 * @param said hotkey → the numbers of the documents that it says it holds; what it says counts only if it votes
 */
export const holdersOf = (
  said: Iterable<readonly [string, readonly number[]]>,
  stakes: Stakes,
): ((number: number) => Holders) => {
  const voters = [...said].flatMap(([hotkey, held]) => {
    const stake = stakes.get(hotkey);
    return stake === undefined ? [] : [{ hotkey, stake, held: new Set(held) }];
  });
  const saying = sumStake(voters.map(({ stake }) => stake));
  return (number) => {
    const holding = voters.filter(({ held }) => held.has(number));
    const stake = sumStake(holding.map((one) => one.stake));
    const counts = isMajority(stake, stakes);
    const isUnheard = !counts && isMajority(saying, stakes) && isMoreThanHalf(stake, saying);
    return { holders: holding.map(({ hotkey }) => hotkey), stake, counts, isUnheard };
  };
};
