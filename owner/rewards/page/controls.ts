import type { CurveSettings } from "#shared/scoring/curves/reward-curve.js";
import type { Economy } from "../economy.js";
import type { Scenario } from "../scenario.js";
import { isCurveName, USUAL_CURVES } from "../usual-curves.js";

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
  slider("burn", economy, 0, 0.9, 0.05),
  slider("window", economy, 1, 64, 1),
  slider("merged", economy, 1, 32, 1),
  slider("confidence", economy, 0.55, 0.999, 0.001),
  slider("batches", economy, 4, 128, 1),
  slider("exponent", economy, 0.5, 4, 0.1),
  slider("duplicateRecall", economy, 0, 1, 0.01),
  slider("concavity", economy, 0.1, 1, 0.05),
  slider("identityCost", economy, 0, 0.2, 0.001),
  slider("emission", economy, 0.1, 20, 0.1),
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

const slider = (key: Numeric, economy: Economy, min: number, max: number, step: number): Control => ({
  kind: "slider",
  label: key,
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
    [min, max, step]: readonly [number, number, number],
    change: (value: number) => CurveSettings,
  ): Control => ({
    kind: "slider",
    label,
    value,
    min,
    max,
    step,
    change: (scenario, text) => withCurve(scenario, change(Number(text))),
  });
  switch (curve.curve) {
    case "top-n": {
      const set = changing(curve);
      return [
        part("paid places", curve.n, [1, 64, 1], (n) => set({ n })),
        "ratio" in curve.decay
          ? part("ratio", curve.decay.ratio, [1, 4, 0.05], (ratio) => set({ decay: { ratio } }))
          : part("decay exponent", curve.decay.exponent, [0, 4, 0.05], (exponent) => set({ decay: { exponent } })),
        part("floor", curve.floor, [0, 0.5, 0.01], (floor) => set({ floor })),
      ];
    }
    case "proportional":
      return [part("curve exponent", curve.exponent, [0.5, 8, 0.1], (exponent) => ({ ...curve, exponent }))];
    case "two-groups": {
      const set = changing(curve);
      return [
        part("leaders", curve.leaders, [1, 64, 1], (leaders) => set({ leaders })),
        part("leaders' share", curve.share, [0.5, 1, 0.01], (share) => set({ share })),
      ];
    }
    case "rank-points":
      return [];
  }
};

/** The controls outlive the settings they were made from: each changes the ones of the moment. */
const changing = <T extends object>(start: T): ((change: Partial<T>) => T) => {
  let now = start;
  return (change) => {
    now = { ...now, ...change };
    return now;
  };
};
