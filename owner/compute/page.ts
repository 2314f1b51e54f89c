import { escapeHtml } from "#shared/cli/escape-html.js";
import type { KindMeasures, RulesMeasures } from "./measures.js";
import { PAGE_STYLE } from "./page-style.js";
import { neededCapacity } from "./rules/needed-capacity.js";
import type { ComputeScenario } from "./scenario.js";
import { lines } from "./svg-lines.js";

export interface ComputePage {
  readonly scenario: ComputeScenario;
  readonly epochs: number;
  readonly seed: number;
  readonly results: readonly RulesMeasures[];
}

/** Incomes from here on fill a whole bar. */
const FULL_BAR = 2;

/** A number of three digits that mean something. */
const figure = (value: number): string =>
  value === 0 ? "0" : !Number.isFinite(value) ? "∞" : value >= 1000 ? value.toFixed(0) : value.toPrecision(3);

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;

/** One HTML file that needs nothing else: no scripts, no network. Its charts stand beside tables of the same figures. */
export const computePage = ({ scenario, epochs, seed, results }: ComputePage): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>BlockZero compute</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>What proven compute earns</h1>
<p>${epochs} epochs of ${figure(scenario.epoch / 3600)} hours under each set of rules, seed ${seed}. Real work takes ${percent(scenario.utilisation)} of a host's time.</p>
</header>
<main>
${incomes(results)}
${energy(results)}
${capacity(scenario)}
${results.map((result) => section(result, scenario)).join("\n")}
</main>
</body>
</html>
`;

const card = (id: string, title: string, content: string): string =>
  `<section class="card" aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${content}</section>`;

/** A table that scrolls by itself on narrow screens, by keyboard too. */
const scrolling = (label: string, rows: readonly string[]): string =>
  `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table>${rows.join("")}</table></div>`;

const row = (cells: readonly string[], of: "th" | "td" = "td"): string =>
  `<tr>${cells.map((cell, i) => (of === "th" || i === 0 ? `<th scope="${of === "th" ? "col" : "row"}">${cell}</th>` : `<td>${cell}</td>`)).join("")}</tr>`;

const incomes = (results: readonly RulesMeasures[]): string => {
  const kinds = results[0]?.kinds ?? [];
  const cell = (value: number) =>
    `<span class="value" data-level="${value > 1.1 ? "more" : value < 0.9 ? "less" : "same"}">${figure(value)}</span>`;
  const rows = kinds.map(({ kind }, at) =>
    row([escapeHtml(kind), ...results.map((result) => cell(result.kinds[at]!.perUnitHour))]),
  );
  return card(
    "incomes",
    "Income for an hour of a unit of hardware",
    `<p>Beside a host that is always there and honest: 1. More than that is what cheating, or coming for the windows only, pays.</p>${scrolling(
      "Income by kind and rules",
      [row(["", ...results.map(({ name }) => escapeHtml(name))], "th"), ...rows],
    )}`,
  );
};

const bar = (share: number, text: string): string =>
  `<span class="bar"><span style="width:${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%"></span></span><span class="amount">${text}</span>`;

const energy = (results: readonly RulesMeasures[]): string => {
  const most = Math.max(...results.map(({ energy: { perWork } }) => perWork));
  const rows = results.map(({ name, energy: { perWork, joulesPerWork } }) =>
    row([
      escapeHtml(name),
      bar(perWork / most, `${figure(perWork)} s${joulesPerWork === null ? "" : `, ${figure(joulesPerWork)} J`}`),
    ]),
  );
  return card(
    "energy",
    "Proofs to a second of useful work",
    `<p>Seconds that a unit of hardware proves, and verifies proofs, to each second in which one does what somebody asked for.</p><table class="bars">${rows.join("")}</table>`,
  );
};

const capacity = ({ window }: ComputeScenario): string => {
  const shares = Array.from({ length: 81 }, (_, i) => i / 100);
  const chart = lines({
    label: "Hardware needed by who loads first, by the share of the window that loading takes",
    x: { values: shares, text: (value) => percent(value) },
    y: { most: 5, text: (value) => `${value.toFixed(0)}×` },
    series: [{ name: "window/(window − load)", values: shares.map((share) => neededCapacity(window, share * window)) }],
  });
  return card(
    "capacity",
    "Hardware needed by who loads first",
    `<p>Without grace a host that loads for a share of the window needs window/(window − load) times the hardware: 2 at half of it. The early-share guard bars whoever loads for more than a fifth.</p>${chart}`,
  );
};

const stoppedBy = ({ proven, barred, missed }: KindMeasures): string =>
  [
    proven > 0 ? `proven false in ${percent(proven)}` : "",
    barred > 0 ? `barred in ${percent(barred)}` : "",
    missed > 0.01 ? `missed ${percent(missed)} of duty` : "",
  ]
    .filter((part) => part !== "")
    .join(", ");

const section = ({ id, name, says, kinds, series }: RulesMeasures, scenario: ComputeScenario): string => {
  const rows = kinds.map((one) =>
    row([
      escapeHtml(one.kind),
      bar(one.perUnit / FULL_BAR, figure(one.perUnit)),
      figure(one.unitHours),
      percent(one.income),
      `${one.measuredClass}${one.measuredClass === one.reportedClass ? "" : ` (says ${escapeHtml(one.reportedClass)})`}`,
      stoppedBy(one),
    ]),
  );
  const chart = lines({
    label: `Part of the pot that one machine of each kind earned, epoch by epoch, under ${name}`,
    x: { values: series[0]?.map((_, epoch) => epoch + 1) ?? [], text: (value) => value.toFixed(0) },
    y: { most: Math.max(1e-9, ...series.flat()), text: (value) => percent(value) },
    series: series.map((values, at) => ({ name: scenario.kinds[at]!.name, values })),
  });
  const head = row(["", "income of a unit", "hours held", "of the pot", "class", "stopped by"], "th");
  return card(
    id,
    escapeHtml(name),
    `<p>${escapeHtml(says)}</p>${scrolling(name, [head, ...rows])}<details><summary>Epoch by epoch</summary>${chart}</details>`,
  );
};
