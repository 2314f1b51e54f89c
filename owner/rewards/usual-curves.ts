import type { CurveSettings } from "#shared/scoring/curves/reward-curve.js";

/** Each curve with parameters that make them comparable: about the same number of miners is paid. */
export const USUAL_CURVES = {
  "top-n": { curve: "top-n", n: 16, decay: { ratio: 1.15 }, floor: 0 },
  proportional: { curve: "proportional", exponent: 1 },
  "rank-points": { curve: "rank-points", points: [25, 18, 15, 12, 10, 8, 6, 4, 3, 2, 1] },
  "two-groups": { curve: "two-groups", leaders: 8, share: 0.98 },
} as const satisfies { readonly [Name in CurveSettings["curve"]]: CurveSettings };

export const isCurveName = (name: unknown): name is CurveSettings["curve"] =>
  typeof name === "string" && Object.hasOwn(USUAL_CURVES, name);
