import { BlockZeroError } from "#shared/errors.js";
import { type Measures, measure } from "./measures.js";
import { scenarioOf } from "./read-scenario.js";
import type { Scenario } from "./scenario.js";
import { simulate } from "./simulate.js";
import { isCurveName, USUAL_CURVES } from "./usual-curves.js";

/** One parameter and the values it takes, as in `curve.n=4,8,16`. */
export interface Axis {
  readonly path: string;
  readonly values: readonly (string | number)[];
}

export interface SweepPoint {
  readonly setting: Readonly<Record<string, string | number>>;
  readonly scenario: Scenario;
  readonly measures: Measures;
}

const MOST_POINTS = 512;

/** @throws SWEEP_INVALID */
export const parseAxis = (text: string): Axis => {
  const [path = "", values = ""] = text.split("=");
  if (!/^[a-zA-Z.]+$/.test(path) || values === "") throw invalid(`"${text}" is not <parameter>=<value>,<value>…`);
  return {
    path,
    values: values.split(",").map((value) => (value !== "" && Number.isFinite(Number(value)) ? Number(value) : value)),
  };
};

/** Simulates every combination of the axes' values with the same random numbers. @throws SWEEP_INVALID, SCENARIO_INVALID */
export const sweep = (
  base: Scenario,
  axes: readonly Axis[],
  { cycles, seed }: { readonly cycles: number; readonly seed: number },
): readonly SweepPoint[] => {
  const combinations = axes.reduce<readonly Record<string, string | number>[]>(
    (settings, { path, values }) =>
      settings.flatMap((setting) => values.map((value) => ({ ...setting, [path]: value }))),
    [{}],
  );
  if (combinations.length > MOST_POINTS)
    throw invalid(`${combinations.length} combinations are more than ${MOST_POINTS}`);
  return combinations.map((setting) => {
    const economy = Object.entries(setting).reduce<object>(
      (changed, [path, value]) =>
        withValue(changed, path === "curve" ? ["curve"] : path.split("."), curveOr(path, value)),
      base.economy,
    );
    const scenario = scenarioOf({ economy, kinds: base.kinds }, `--sweep ${JSON.stringify(setting)}`);
    const simulation = simulate({ ...scenario, cycles, seed });
    return { setting, scenario, measures: measure(simulation, { emission: scenario.economy.emission, cycles }) };
  });
};

const curveOr = (path: string, value: string | number): unknown => {
  if (path !== "curve") return value;
  if (!isCurveName(value)) throw invalid(`"${value}" is no curve: ${Object.keys(USUAL_CURVES).join(", ")}`);
  return USUAL_CURVES[value];
};

const withValue = (target: object, [key = "", ...rest]: readonly string[], value: unknown): object => {
  const inner: unknown = Reflect.get(target, key);
  return {
    ...target,
    [key]: rest.length === 0 ? value : withValue(typeof inner === "object" && inner ? inner : {}, rest, value),
  };
};

const invalid = (problem: string) =>
  new BlockZeroError(
    "SWEEP_INVALID",
    problem,
    "e.g. --sweep curve.exponent=1,2,3 --sweep window=4,8,16, or --sweep curve=top-n --sweep curve.n=4,8",
  );
