/** Times as fast as PyTorch we mean to be: as its current version, eager and compiled, and as version 1. */
export interface Targets {
  readonly eager?: number;
  readonly compiled?: number;
  readonly version1?: number;
}

export type PeerMode = "eager" | "compiled";

/** Share of a step that the optimiser may take. */
export const OPTIMISER_LIMIT = 0.1;

/** The target beside a peer, if there is one. */
export const targetOf = (
  targets: Targets,
  { version, mode }: { readonly version: string; readonly mode: PeerMode },
): number | undefined => (version.startsWith("1.") ? targets.version1 : targets[mode]);

/** Whether a ratio reaches its target; undefined where there is none. */
export const isMet = (ratio: number, target: number | undefined): boolean | undefined =>
  target === undefined ? undefined : ratio >= target;

/** Relative difference of two loss curves that float32's rounding explains. */
const LOSS_TOLERANCE = 1e-3;

export const agrees = (lossDifference: number): boolean => lossDifference <= LOSS_TOLERANCE;
