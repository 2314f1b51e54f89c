import { MILLION } from "#shared/util/fraction.js";

/** A class of hardware: what may serve which models. */
export interface HardwareClass {
  readonly name: string;
  /** Speed from which a host belongs to it: nonces a second at a network's dials, or operations a second. */
  readonly from: number;
}

/** A host's class by its benchmark nonces, and beside it what it says of itself. */
export interface ClassedHost {
  readonly measured: string;
  readonly reported: string | null;
  /** Whether the report agrees. `unknown`: there is none, or no class has that name. */
  readonly report: "agrees" | "above" | "below" | "unknown";
  /** Classes from one to the other. 0 where the report is unknown. */
  readonly apart: number;
}

/** Share of a class's least speed that its hosts must reach, in millionths: clocks and temperatures differ. */
const TOLERANCE = (95 * MILLION) / 100;

/**
 * The class of a host: the fastest whose speed it reached, less 5 %. What it reports changes nothing; it stands beside the measurement for
 * whoever chooses hosts. Below the slowest class a host is in that one.
 *
 * @param speed    in the classes' unit, of a Sprint that was settled as valid
 * @param classes  at least one
 */
export const classOf = (
  { speed, reported }: { readonly speed: number; readonly reported: string | null },
  classes: readonly HardwareClass[],
): ClassedHost => {
  const ascending = [...classes].sort((a, b) => a.from - b.from);
  const reached = ascending.findLastIndex(({ from }) => speed * MILLION >= from * TOLERANCE);
  const measured = Math.max(reached, 0);
  const said = ascending.findIndex(({ name }) => name === reported);
  const report = said === -1 ? "unknown" : said === measured ? "agrees" : said > measured ? "above" : "below";
  return { measured: ascending[measured]!.name, reported, report, apart: said === -1 ? 0 : Math.abs(said - measured) };
};
