import type { MinerPage, Receipt } from "../snapshot.js";
import { drawMiner } from "./charts.js";
import { byId, element, setText } from "./dom.js";
import { figure, share } from "./figures.js";
import { type Column, createTable, textColumn } from "./table.js";
import { verdictCell } from "./verdict.js";

type Row = MinerPage["history"][number];

const SIGNS = { problem: "✖ To mend:", hint: "→ To try:", note: "○ To know:", good: "✔" } as const;
const CLASSES = { problem: "bad", hint: "warn", note: "soft", good: "good" } as const;

export interface MinerView {
  show(page: MinerPage): void;
}

/** @param choose another cycle of the same miner */
export const createMinerView = (choose: (cycle: number) => void): MinerView => {
  const cycles = createTable(byId<HTMLTableElement>("cycles"), {
    caption: "Newest first. Losses in nats per token.",
    columns: COLUMNS,
    id: ({ cycle }) => String(cycle),
  });
  const select = byId<HTMLSelectElement>("miner-cycle");
  select.addEventListener("change", () => choose(Number(select.value)));
  return {
    show: (page) => {
      setText(byId("h-miner"), `Miner ${page.uid} in cycle ${page.cycle}`);
      setText(byId("miner-hotkey"), page.hotkey);
      const options = page.explained.map(
        (cycle) => new Option(String(cycle), String(cycle), false, cycle === page.cycle),
      );
      select.replaceChildren(...options.reverse());
      byId("why").replaceChildren(...page.explanation.map((sentence) => element("li", {}, sentence)));
      byId("help").replaceChildren(
        ...page.advice.map(({ kind, text }) =>
          element("li", {}, element("b", { class: CLASSES[kind] }, `${SIGNS[kind]} `), ...withCode(text)),
        ),
      );
      drawMiner(page);
      cycles.show(page.history);
      showReceipt(page.receipt);
    },
  };
};

/** What stands between backquotes is a name. */
const withCode = (text: string): readonly (Node | string)[] =>
  text.split("`").map((part, at) => (at % 2 === 1 ? element("code", {}, part) : part));

const COLUMNS: readonly Column<Row>[] = [
  textColumn("cycle", ({ cycle }) => String(cycle), { isNumber: true }),
  { title: "verdict", draw: (cell, row) => verdictCell(cell, row) },
  textColumn("score", ({ verdict, score }) => (verdict === "scored" ? figure(score) : "–"), { isNumber: true }),
  textColumn("loss reduction", ({ lossReduction }) => figure(lossReduction), { isNumber: true }),
  textColumn("interval", ({ interval }) => (interval ? `${figure(interval[0])} to ${figure(interval[1])}` : "–"), {
    isNumber: true,
    isLess: true,
  }),
  textColumn("independence", ({ independence }) => figure(independence, 2), { isNumber: true, isLess: true }),
  textColumn("mean score", ({ meanScore }) => figure(meanScore), { isNumber: true, isLess: true }),
  textColumn("rank", ({ rank, ranked }) => (rank === null ? "–" : `${rank} of ${ranked}`), { isNumber: true }),
  textColumn("earns", (row) => share(row.share), { isNumber: true }),
  textColumn("weight", ({ weight }) => share(weight), { isNumber: true, isLess: true }),
  textColumn("paid, tokens", ({ emission }) => figure(emission, 5), { isNumber: true }),
  textColumn("merged with", ({ merged }) => share(merged), { isNumber: true, isLess: true }),
];

const showReceipt = (receipt: Receipt | null): void => {
  const list = byId("receipt");
  if (!receipt) {
    list.replaceChildren(element("dt", {}, "Nothing was committed or revealed in time."));
    return;
  }
  const { commitBlock, commitment, artifact, location, reports, model } = receipt;
  const entries: readonly (readonly [string, string])[] = [
    ["Commitment", commitment === null ? "none" : `${commitment}, in block ${commitBlock}`],
    ["Artifact", artifact === null ? "not revealed" : artifact],
    ["Served at", location ?? "–"],
    ...reports.map(
      ({ validator, hash, block }) => [`Report of ${validator.slice(0, 8)}`, `${hash}, in block ${block}`] as const,
    ),
    ["Merged model", model ?? "none agreed, or not yet"],
  ];
  list.replaceChildren(
    ...entries.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "mono" }, value)]),
  );
};
