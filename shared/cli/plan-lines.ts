import { formatBytes } from "#shared/util/format-bytes.js";

/** What takes how much, and a remark. */
export type PlanLine = readonly [what: string, amount: string, note?: string | undefined];

/** Sections of a plan under their titles, as a person reads them. */
export const planText = (sections: readonly (readonly [title: string, lines: readonly PlanLine[]])[]): string =>
  sections.map(([title, lines]) => [title, ...lines.map(lineText)].join("\n")).join("\n\n");

const lineText = ([what, amount, note = ""]: PlanLine): string =>
  `  ${what.padEnd(22)}${amount.padStart(10)}  ${note}`.trimEnd();

/** A remark on how a time was found. */
export const foundBy = (by: "programs" | "products" | undefined): string =>
  by === "programs" ? "from its programs, measured with random weights" : "from measured products";

/** A remark on what there is of something that a plan asks for. */
export const fits = (does: boolean, there: number): string =>
  `${formatBytes(there)} there: ${does ? "enough" : "TOO LITTLE"}`;
