import { BlockZeroError } from "#shared/errors/error.js";
import { economyWith, type Setting } from "./economy-override.js";
import { type Measures, measure } from "./measures.js";
import { scenarioOf } from "./read-scenario.js";
import type { Scenario } from "./scenario.js";
import { simulate } from "./simulate.js";

/** One parameter and the values it takes, as in `curve.n=4,8,16`. */
export interface Axis {
  readonly path: string;
  readonly values: readonly (string | number)[];
}

export interface SweepPoint {
  readonly setting: Setting;
  readonly scenario: Scenario;
  readonly measures: Measures;
}

const MOST_POINTS = 512;

/** @throws SWEEP_INVALID */
export const parseAxis = (text: string): Axis => {
  const [path = "", values = "", ...rest] = text.split("=");
  if (!/^[a-zA-Z.]+$/.test(path) || values === "" || rest.length > 0)
    throw invalid(`"${text}" is not <parameter>=<value>,<value>…`);
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
  refuseConflicts(axes.map(({ path }) => path));
  const settings = axes.reduce<readonly Setting[]>(
    (before, { path, values }) => before.flatMap((setting) => values.map((value) => ({ ...setting, [path]: value }))),
    [{}],
  );
  if (settings.length > MOST_POINTS) throw invalid(`${settings.length} combinations are more than ${MOST_POINTS}`);
  const points = settings.map((setting) => {
    const economy = economyWith(base.economy, setting);
    return { setting, scenario: scenarioOf({ economy, kinds: base.kinds }, `--sweep ${JSON.stringify(setting)}`) };
  });
  return points.map(({ setting, scenario }) => {
    const simulation = simulate({ ...scenario, cycles, seed });
    return { setting, scenario, measures: measure(simulation, { emission: scenario.economy.emission, cycles }) };
  });
};

/** Of two axes that set the same thing, one would be dropped without a word. */
const refuseConflicts = (paths: readonly string[]): void => {
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined) throw invalid(`${twice} is given twice: put all of its values in one --sweep`);
  const decays = paths.filter((path) => path.startsWith("curve.decay."));
  if (decays.length > 1) throw invalid(`${decays.join(" and ")} are two ways to say one decay`);
};

const invalid = (problem: string) =>
  new BlockZeroError(
    "SWEEP_INVALID",
    problem,
    "e.g. --sweep curve.exponent=1,2,3 --sweep window=4,8,16, or --sweep curve=top-n --sweep curve.n=4,8",
  );
