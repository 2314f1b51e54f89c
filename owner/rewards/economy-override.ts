import { BlockZeroError } from "#shared/errors/error.js";
import type { CurveSettings } from "#shared/rewards/curves/reward-curve.js";
import { isCurveName, USUAL_CURVES } from "./curve-presets.js";
import { type Economy, TYPICAL_ECONOMY } from "./economy.js";

/** Parameters of an economy and what they are set to: `{ window: 4, curve: "top-n", "curve.n": 8 }`. */
export type Setting = Readonly<Record<string, string | number>>;

/** What can be set of each curve. Points are one value, written 25/18/15. */
const CURVE_PARAMETERS: Readonly<Record<CurveSettings["curve"], readonly string[]>> = {
  proportional: ["exponent"],
  "top-n": ["n", "decay.ratio", "decay.exponent", "floor"],
  "rank-points": ["points"],
  "two-groups": ["leaders", "share"],
};

/**
 * The economy with a setting applied, unchecked. The curve comes first, whatever the order: its parameters mean nothing without it. The
 * economy's own curve keeps what it says of itself, another one begins as usual.
 *
 * @throws SWEEP_INVALID for what neither the economy nor that curve has
 */
export const economyWith = (economy: Economy, { curve: name, ...parameters }: Setting): object => {
  let curve: object & Pick<CurveSettings, "curve"> = name === undefined ? economy.curve : curveNamed(name, economy);
  const others: Record<string, string | number> = {};
  for (const [path, value] of Object.entries(parameters)) {
    const parameter = /^curve\.(.+)$/.exec(path)?.[1];
    if (parameter !== undefined) curve = withParameter(curve, parameter, value);
    else if (Object.hasOwn(TYPICAL_ECONOMY, path)) others[path] = value;
    else throw unknown(`an economy has no "${path}"`, economyParameters());
  }
  return { ...economy, ...others, curve };
};

const curveNamed = (name: string | number, { curve }: Economy): CurveSettings => {
  if (!isCurveName(name)) throw unknown(`there is no curve "${name}"`, Object.keys(USUAL_CURVES));
  return name === curve.curve ? curve : USUAL_CURVES[name];
};

const withParameter = <T extends Pick<CurveSettings, "curve">>(curve: T, name: string, value: string | number): T => {
  const known = CURVE_PARAMETERS[curve.curve];
  if (!known.includes(name))
    throw unknown(
      `curve ${curve.curve} has no "${name}"`,
      known.map((one) => `curve.${one}`),
    );
  // A decay has one parameter: the other way to say it goes.
  if (name.startsWith("decay.")) return { ...curve, decay: { [name.slice("decay.".length)]: value } };
  if (name === "points") return { ...curve, points: String(value).split("/").map(Number) };
  return { ...curve, [name]: value };
};

const economyParameters = (): readonly string[] => {
  const { curve: _, ...numbers } = TYPICAL_ECONOMY;
  const ofCurves = Object.values(CURVE_PARAMETERS).flat();
  return [...Object.keys(numbers), "curve", ...new Set(ofCurves.map((name) => `curve.${name}`))];
};

const unknown = (problem: string, known: readonly string[]) =>
  new BlockZeroError("SWEEP_INVALID", problem, `there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`);
