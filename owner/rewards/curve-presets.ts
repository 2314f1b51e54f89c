import { DEFAULT_CURVE } from "#shared/protocol/network-file/default-curve.js";
import type { CurveSettings } from "#shared/rewards/curves/reward-curve.js";

/** Each curve as one would begin with it, the default first. */
export const USUAL_CURVES = {
  proportional: DEFAULT_CURVE,
  "top-n": { curve: "top-n", n: 16, decay: { ratio: 1.15 }, floor: 0 },
  "rank-points": { curve: "rank-points", points: [25, 18, 15, 12, 10, 8, 6, 4, 3, 2, 1] },
  "two-groups": { curve: "two-groups", leaders: 8, share: 0.98 },
} as const satisfies { readonly [Name in CurveSettings["curve"]]: CurveSettings };

export const isCurveName = (name: unknown): name is CurveSettings["curve"] =>
  typeof name === "string" && Object.hasOwn(USUAL_CURVES, name);
