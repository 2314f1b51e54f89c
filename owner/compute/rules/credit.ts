import { MILLION } from "#shared/util/fraction.js";

/** What a host did in a stretch of time. */
export interface Stretch {
  /** Nonces proven. */
  readonly nonces: number;
  /** Operations of the real work that was done in it and settled as valid, in FLOP. */
  readonly work: number;
}

export interface CreditRules {
  /** Operations of one nonce, in FLOP: `flopsOf` of the network's dials. */
  readonly perNonce: number;
  /** What an operation of real work counts beside one of a nonce, in millionths. */
  readonly factor: number;
}

/**
 * What a stretch is worth, in nonces: those proven, and for real work as many as its operations would have evaluated, times the factor. With
 * a factor of 1 a host earns the same whether it works or proves, if its work runs as fast as nonces do; work that leaves a device half used
 * earns half. Only work that was settled counts, so none can be claimed that nobody asked for. Whole, rounded down.
 */
export const creditOf = ({ nonces, work }: Stretch, { perNonce, factor }: CreditRules): number =>
  nonces + Math.floor((work / perNonce) * (factor / MILLION));
