import { table } from "#shared/cli/table.js";
import { percent, verdict } from "../format.js";
import type { Compilation } from "./measure.js";

/** Kinds of operators that are told. */
const MOST_KINDS = 8;

/** Times for people, then what the largest program consists of, and every one that missed the target. @param compilations at least one */
export const describeCompilations = (compilations: readonly Compilation[]): string => {
  const largest = compilations.reduce((a, b) => (b.operators > a.operators ? b : a));
  return [
    table([
      ["", "operators", "graph", "session", "both", "target"],
      ...compilations.map(({ name, operators, graph, session, total, target, met }) => [
        name,
        `${operators}`,
        seconds(graph),
        seconds(session),
        seconds(total),
        `${target} s ${verdict(met)}`,
      ]),
    ]),
    ...compilations.filter((one) => one === largest || !one.met).map(describeKinds),
  ].join("\n");
};

const describeKinds = ({ name, operators, kinds }: Compilation): string => {
  const told = Object.entries(kinds).slice(0, MOST_KINDS);
  const rest = operators - told.reduce((sum, [, count]) => sum + count, 0);
  const rows = [...told, ...(rest > 0 ? [["all others", rest] as const] : [])];
  return `\n${name}, operators by kind\n${table(rows.map(([kind, count]) => [kind, `${count}`, percent(count / operators)]))}`;
};

const seconds = (value: number): string => `${value.toFixed(2)} s`;
