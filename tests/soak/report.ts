import { columns } from "#shared/cli/table.js";
import { dutyMeasure, MEASURES, type Measure, OWN_BOUNDS } from "./measures.js";
import { MACHINE_PACE } from "./pace.js";
import type { Sample } from "./sample.js";
import { judge, pooledSlope, type Slope, type Verdict } from "./slope.js";

/** One measure of one process over the soak; slopes are for 100 cycles. */
export interface Trend {
  readonly process: string;
  readonly measure: string;
  readonly unit: string;
  readonly bound: number | null;
  readonly slope: Slope | null;
  readonly verdict: Verdict | "told";
}

/** What went wrong, by the check that found it; empty lists where nothing did. */
export type Findings = Readonly<Record<string, readonly string[]>>;

export interface SoakReport {
  readonly cycles: number;
  readonly blockTime: number;
  readonly seed: number;
  readonly seconds: number;
  readonly node: string;
  /** By kind. */
  readonly faults: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly trends: readonly Trend[];
  readonly findings: Findings;
  /** Facts that fail nothing. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly messages: readonly (readonly [message: string, count: number])[];
}

const HUNDRED = 100;

/** Points of a process's life, and of the whole soak, that are left out: caches fill, and files come to be deleted. */
export interface WarmUp {
  readonly ofLife: number;
  readonly ofAll: number;
}

/**
 * Trends of every measure of every process. Times of duties grow only where they do so by the clock and also by what the machine took for a fixed
 * piece of work in the same cycle: other programs that begin to work on the machine make everything slower.
 *
 * @param first the first cycle
 */
export const trendsOf = (samples: readonly Sample[], first: number, warmUp: WarmUp): readonly Trend[] => {
  const processes = [...new Set(samples.map((one) => one.process))];
  const paces = new Map(
    samples.flatMap(({ cycle, values }) => (values[MACHINE_PACE] ? [[cycle, values[MACHINE_PACE]] as const] : [])),
  );
  const usual = [...paces.values()].reduce((sum, pace) => sum + pace, 0) / Math.max(1, paces.size);
  return processes.flatMap((process) => {
    const own = samples.filter((one) => one.process === process);
    const names = [...new Set(own.flatMap(({ values }) => Object.keys(values)))];
    return names.map((name): Trend => {
      const measure = measureOf(name);
      const points = own
        .filter(({ cycle, values }) => values[name] !== undefined && cycle >= first + warmUp.ofAll)
        .map(({ cycle, pid, values }) => ({
          x: cycle / HUNDRED,
          y: values[name]!,
          segment: measure.isOfLife ? String(pid) : "",
        }));
      const slope = pooledSlope(points, measure.isOfLife ? warmUp.ofLife : 0);
      const bound = boundOf(process, name, measure, slope);
      const verdict = bound === null ? "told" : judge(slope, bound);
      const atUsualPace = () =>
        judge(
          pooledSlope(
            points.map((point) => ({
              ...point,
              y: (point.y * usual) / (paces.get(Math.round(point.x * HUNDRED)) ?? usual),
            })),
            measure.isOfLife ? warmUp.ofLife : 0,
          ),
          bound ?? 0,
        );
      return {
        process,
        measure: measure.name,
        unit: measure.unit,
        bound,
        slope,
        verdict: verdict === "grows" && isTime(name) && atUsualPace() !== "grows" ? "undecided" : verdict,
      };
    });
  });
};

const isTime = (name: string): boolean => name.startsWith("duty ");

const measureOf = (name: string): Measure => {
  const known: Readonly<Record<string, Measure>> = MEASURES;
  return known[name] ?? dutyMeasure(name.replace(/^duty /, ""));
};

const boundOf = (process: string, name: string, { bound, isShare }: Measure, slope: Slope | null): number | null => {
  const own: Readonly<Record<string, number | null>> = OWN_BOUNDS[process] ?? {};
  const stated = name in own ? own[name]! : bound;
  return stated === null || !isShare ? stated : stated * (slope?.mean ?? 0);
};

export const isGood = ({ trends, findings }: SoakReport): boolean =>
  trends.every(({ verdict }) => verdict !== "grows") && Object.values(findings).every((found) => found.length === 0);

/** Findings of one check that are printed. */
const MOST_TOLD = 20;
const MOST_MESSAGES = 40;

export const reportText = (report: SoakReport): string => {
  const { cycles, blockTime, seed, seconds, node, faults, restarts, trends, findings, facts, messages } = report;
  const figure = (value: number) => value.toFixed(Math.abs(value) < 10 ? 3 : 1);
  const shown = trends.filter(({ slope }) => slope !== null);
  const rows = shown.map(({ process, measure, unit, bound, slope, verdict }) => [
    process,
    measure,
    unit || "–",
    slope ? figure(slope.mean) : "–",
    slope ? figure(slope.slope) : "–",
    slope ? `${figure(slope.low)} … ${figure(slope.high)}` : "–",
    bound === null ? "–" : figure(bound),
    slope ? String(slope.count) : "–",
    verdict,
  ]);
  const heading = ["process", "measure", "unit", "mean", "per 100 cycles", "95 % interval", "bound", "n", "verdict"];
  return [
    `${cycles} cycles, a block every ${blockTime} ms, seed ${seed}, ${seconds} s, Node ${node}`,
    `faults: ${Object.entries(faults)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(", ")}; ${restarts} restarts`,
    "",
    ...(rows.length > 0 ? columns([heading, ...rows]) : []),
    ...(shown.length < trends.length ? [`${trends.length - shown.length} measures have too few points`] : []),
    "",
    ...Object.entries(findings).flatMap(([check, found]) => [
      `${found.length === 0 ? "✔" : "✖"} ${check}${found.length === 0 ? "" : `: ${found.length}`}`,
      ...found.slice(0, MOST_TOLD).map((line) => `    ${line}`),
      ...(found.length > MOST_TOLD ? [`    and ${found.length - MOST_TOLD} more`] : []),
    ]),
    "",
    ...Object.entries(facts).map(([name, value]) => `${name}: ${value}`),
    "",
    "log messages, most frequent first:",
    ...messages.slice(0, MOST_MESSAGES).map(([message, count]) => `${String(count).padStart(7)}  ${message}`),
    "",
    isGood(report) ? "✔ the soak holds" : "✖ the soak does not hold",
    "",
  ].join("\n");
};
