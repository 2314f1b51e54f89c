import type { CurveSettings } from "#shared/rewards/curves/reward-curve.js";
import { isCurveName, USUAL_CURVES } from "../curve-presets.js";
import type { Economy } from "../economy.js";
import type { Scenario } from "../scenario.js";

interface Slider {
  readonly kind: "slider";
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

interface Choice {
  readonly kind: "choice";
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
}

/** One parameter that the owner can move, and the scenario that it then makes. */
export type Control = (Slider | Choice) & { readonly change: (scenario: Scenario, value: string) => Scenario };

/** The controls of a scenario: its curve's own, the economy's, and how many miners of each kind there are. */
export const controls = ({ economy, kinds }: Scenario): readonly Control[] => [
  {
    kind: "choice",
    label: "curve",
    value: economy.curve.curve,
    choices: Object.keys(USUAL_CURVES),
    change: (scenario, value) => (isCurveName(value) ? withCurve(scenario, USUAL_CURVES[value]) : scenario),
  },
  ...curveControls(economy.curve),
  slider("share burned", "burn", economy, [0, 0.9, 0.05]),
  slider("cycles in the mean", "window", economy, [1, 64, 1]),
  slider("updates merged", "merged", economy, [1, 32, 1]),
  slider("confidence of a score", "confidence", economy, [0.55, 0.999, 0.001]),
  slider("batches of an evaluation", "batches", economy, [4, 128, 1]),
  slider("a score is the bound to the power", "exponent", economy, [0.5, 4, 0.1]),
  slider("share of copies recognised", "duplicateRecall", economy, [0, 1, 0.001]),
  slider("a score grows with work to the power", "concavity", economy, [0.1, 1, 0.05]),
  slider("cost of an identity", "identityCost", economy, [0, 0.2, 0.001]),
  slider("emission", "emission", economy, [0.1, 20, 0.1]),
  ...kinds.map(
    ({ name, count }, at): Control => ({
      kind: "slider",
      label: `${name} miners`,
      value: count,
      min: 1,
      max: Math.max(64, count * 2),
      step: 1,
      change: (scenario, value) => ({
        ...scenario,
        kinds: scenario.kinds.map((kind, i) => (i === at ? { ...kind, count: Number(value) } : kind)),
      }),
    }),
  ),
];

type Numeric = { [Key in keyof Economy]: Economy[Key] extends number ? Key : never }[keyof Economy];

type Range = readonly [min: number, max: number, step: number];

const slider = (label: string, key: Numeric, economy: Economy, [min, max, step]: Range): Control => ({
  kind: "slider",
  label,
  value: economy[key],
  min: Math.min(min, economy[key]),
  max: Math.max(max, economy[key]),
  step,
  change: (scenario, value) => ({ ...scenario, economy: { ...scenario.economy, [key]: Number(value) } }),
});

const withCurve = (scenario: Scenario, curve: CurveSettings): Scenario => ({
  ...scenario,
  economy: { ...scenario.economy, curve },
});

const curveControls = (curve: CurveSettings): readonly Control[] => {
  const part = (
    label: string,
    value: number,
    [min, max, step]: Range,
    change: (value: number) => CurveSettings,
  ): Control => ({
    kind: "slider",
    label,
    value,
    min: Math.min(min, value),
    max: Math.max(max, value),
    step,
    change: (scenario, text) => withCurve(scenario, change(Number(text))),
  });
  switch (curve.curve) {
    case "top-n": {
      const set = changing(curve);
      return [
        part("paid places", curve.n, [1, 64, 1], (n) => set({ n })),
        "ratio" in curve.decay
          ? part("each place earns the next, times", curve.decay.ratio, [1, 4, 0.05], (ratio) =>
              set({ decay: { ratio } }),
            )
          : part("power by which pay falls", curve.decay.exponent, [0, 4, 0.05], (exponent) =>
              set({ decay: { exponent } }),
            ),
        part("share for the places behind", curve.floor, [0, 0.5, 0.01], (floor) => set({ floor })),
      ];
    }
    case "proportional":
      return [
        part("pay goes by the score to the power", curve.exponent, [0.5, 8, 0.1], (exponent) => ({
          ...curve,
          exponent,
        })),
      ];
    case "two-groups": {
      const set = changing(curve);
      return [
        part("leaders", curve.leaders, [1, 64, 1], (leaders) => set({ leaders })),
        part("leaders' share", curve.share, [0.5, 1, 0.01], (share) => set({ share })),
      ];
    }
    case "rank-points": {
      const shape = changing({ places: curve.points.length, steepness: 1 });
      const set = (change: Partial<PointsShape>) => ({ ...curve, points: reshaped(curve.points, shape(change)) });
      return [
        part("paid places", curve.points.length, [1, 64, 1], (places) => set({ places })),
        part("steepness of the points", 1, [0, 4, 0.05], (steepness) => set({ steepness })),
      ];
    }
  }
};

interface PointsShape {
  readonly places: number;
  /** Power that the points are raised to: 0 pays all places alike. */
  readonly steepness: number;
}

/** Points drawn out over so many places, from the first to the last, and raised to a power. */
const reshaped = (points: readonly number[], { places, steepness }: PointsShape): readonly number[] =>
  Array.from({ length: places }, (_, place) => {
    const at = places > 1 ? (place * (points.length - 1)) / (places - 1) : 0;
    const before = points[Math.floor(at)]!;
    return (before + (at % 1) * (points[Math.ceil(at)]! - before)) ** steepness;
  });

/** The controls outlive the settings they were made from: each changes the ones of the moment. */
const changing = <T extends object>(start: T): ((change: Partial<T>) => T) => {
  let now = start;
  return (change) => {
    now = { ...now, ...change };
    return now;
  };
};
