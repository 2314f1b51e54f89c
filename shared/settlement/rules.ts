import { MILLION } from "#shared/util/fraction.js";

/** How a cycle's pay is settled. Shares in millionths. */
export interface SettlementRules {
  /** Of a checked task's reward: what its verifiers share. */
  readonly verifiers: number;
  /** Share of missed duty that costs nothing. */
  readonly allowedMisses: number;
  /** Of what a fraud forfeits: what its finders share, each at most its own honest earnings of the cycle. */
  readonly bounty: number;
}

/** The paper: half for the verifiers, misses as they are, and finders may get all that is forfeited, up to their honest earnings. */
export const PAPER_SETTLEMENT: SettlementRules = { verifiers: MILLION / 2, allowedMisses: 0, bounty: MILLION };

/**
 * With our correction: a bounty of a tenth. Whoever cheats with one hotkey and reports itself with another gets back the bounty b of the pay R and
 * saves the share s of the cost C; it gains where sC > (1 − b)R. With b ≤ 1 − s no operator whose pay covers its cost does.
 */
export const DEFAULT_SETTLEMENT: SettlementRules = {
  verifiers: MILLION / 2,
  allowedMisses: MILLION / 100,
  bounty: MILLION / 10,
};
