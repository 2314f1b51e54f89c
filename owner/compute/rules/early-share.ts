import { MILLION } from "#shared/util/fraction.js";

/** A host's nonces in a window: those of its first third, and all. */
export interface EarlyCount {
  readonly early: number;
  readonly total: number;
}

export interface EarlyRules {
  /** The least share beside the median's, in millionths. */
  readonly least: number;
  /** Windows in a row below it that cost nothing. */
  readonly forgiven: number;
}

/** Half of the median; one miss is forgiven. */
export const DEFAULT_EARLY: EarlyRules = { least: MILLION / 2, forgiven: 1 };

/** Share of a host's nonces that it had by the first third, in millionths, rounded down. 0 without nonces. */
export const earlyShare = ({ early, total }: EarlyCount): number =>
  total === 0 ? 0 : Math.floor((MILLION * early) / total);

/**
 * The weighted lower median of the hosts' shares, in millionths. Hosts without nonces or weight are left out. 0 for none.
 *
 * @param hosts with weights fixed before the window, which none of them can move by what it does in it
 */
export const earlyMedian = (hosts: readonly (EarlyCount & { readonly weight: number })[]): number => {
  const counted = hosts
    .filter(({ total, weight }) => total > 0 && weight > 0)
    .map((host) => ({ share: earlyShare(host), weight: host.weight }))
    .sort((a, b) => a.share - b.share);
  const half = counted.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  for (const { share, weight } of counted) {
    sum += weight;
    if (sum >= half) return share;
  }
  return 0;
};

/** What a host's windows have shown so far. */
export interface EarlyState {
  /** Windows below the least share since the last confirmation that was passed. */
  readonly misses: number;
}

export const NO_EARLY_MISS: EarlyState = { misses: 0 };

/** Whether its windows count nothing until it passes a confirmation. */
export const isBarred = ({ misses }: EarlyState, { forgiven }: EarlyRules = DEFAULT_EARLY): boolean =>
  misses > forgiven;

/**
 * The state after a window. A share below `least` of the median is a miss; only a confirmation that is passed, which nobody knows in advance,
 * clears earlier ones. Nonces come evenly to who is there from the first block: who loads for a share l of the window has (⅓ − l)/(1 − l)
 * by its third, less than half of ⅓ where l is above ⅕.
 */
export const nextEarly = (
  state: EarlyState,
  {
    share,
    median,
    isConfirmation,
  }: { readonly share: number; readonly median: number; readonly isConfirmation: boolean },
  { least }: EarlyRules = DEFAULT_EARLY,
): EarlyState => {
  if (share * MILLION < median * least) return { misses: state.misses + 1 };
  return isConfirmation ? NO_EARLY_MISS : state;
};
