import type { History, MinerNow, ModelRow, SubnetNow, ValidatorCycle } from "../snapshot.js";
import { drawLosses, drawRewards } from "./charts.js";
import { createComputeView } from "./compute-view.js";
import { byId, element, setText } from "./dom.js";
import { figure, plural, share, short } from "./figures.js";
import { describeScores, drawSpark } from "./spark.js";
import { type Column, createTable, type DrawnTable, textColumn } from "./table.js";
import { verdictCell, verdictText } from "./verdict.js";

/** Cycles in the table of losses: the newest. */
const LISTED_CYCLES = 200;

export interface Overview {
  show(now: SubnetNow): void;
  showHistory(history: History): void;
}

export const createOverview = (): Overview => {
  const miners = createTable(byId<HTMLTableElement>("miners"), {
    caption:
      "Verdict, score and pay of the newest judged cycle. A score is the lower end of the interval, cut at zero, raised to the network's exponent.",
    columns: MINERS,
    id: ({ uid }) => String(uid),
    sortedBy: { column: 0, isDescending: false },
  });
  const validators = createTable(byId<HTMLTableElement>("validators"), {
    caption: "What validators did in the newest judged cycle.",
    columns: VALIDATORS,
    id: ({ hotkey }) => hotkey,
  });
  const models = createTable(byId<HTMLTableElement>("models"), {
    caption: "Newest first, with the miners merged into each group and their shares.",
    columns: MODELS,
    id: ({ hash, cycle }) => `${cycle} ${hash}`,
  });
  const compute = createComputeView();
  const find = byId<HTMLInputElement>("find");
  const unit = byId<HTMLSelectElement>("unit");
  const details = byId<HTMLDetailsElement>("losses-table");
  let now: SubnetNow | null = null;
  let history: History | null = null;
  let losses: DrawnTable<LossRow> | null = null;
  let names = "";
  let rewards = "";
  const showEvents = createEvents(byId("events"));

  const showMiners = () => {
    if (!now) return;
    const found = now.miners.filter((miner) => matches(miner, find.value));
    miners.show(found);
    setText(byId("found"), `${found.length} of ${plural(now.miners.length, "miner")}`);
  };
  const showLosses = () => {
    if (!history) return;
    const isBits = history.groups.some(({ bitsPerByte }) => bitsPerByte.some((value) => value !== null));
    if (!isBits) unit.value = "loss";
    unit.options[0]!.disabled = !isBits;
    const isKnown = history.groups.some(({ loss }) => loss.some((value) => value !== null));
    const notes = isKnown ? ["Each cycle draws other text: a model that stands still moves by chance."] : [];
    if (isKnown && !isBits) notes.push("Bits per byte need the groups' text: start the dashboard with --texts.");
    setText(byId("losses-note"), notes.join(" "));
    drawLosses(history, unit.value === "loss" ? "loss" : "bitsPerByte");
    if (!details.open) return;
    const groups = history.groups.map(({ name }) => name);
    if (!losses || names !== groups.join()) {
      names = groups.join();
      losses = createTable(byId<HTMLTableElement>("losses"), {
        caption:
          "Of the model that each cycle started from, as validators measured it. An equals sign: the model stood still.",
        columns: lossColumns(groups),
        id: ({ cycle }) => String(cycle),
      });
    }
    losses.show(lossRows(history));
  };
  find.addEventListener("input", showMiners);
  unit.addEventListener("change", showLosses);
  details.addEventListener("toggle", showLosses);

  return {
    show: (next) => {
      now = next;
      showMiners();
      validators.show(next.validators);
      models.show(next.models);
      compute.show(next);
      const curve = JSON.stringify(next.rewards);
      if (curve !== rewards) {
        rewards = curve;
        drawRewards(next.rewards);
        setText(
          byId("rewards-note"),
          `Curve ${next.rewards.curve}, for scores that fall by a tenth from place to place; ${share(next.rewards.burn)} of all pay is burned. Pay goes by the mean over ${plural(next.window, "cycle")}.`,
        );
      }
      showSealed(next);
      showEvents(next);
    },
    showHistory: (next) => {
      history = next;
      showLosses();
    },
  };
};

const matches = ({ uid, hotkey, last, role }: MinerNow, text: string): boolean =>
  text
    .toLowerCase()
    .split(/\s+/)
    .every((word) =>
      [String(uid), hotkey.toLowerCase(), last?.group ?? "", verdictText(last), role].some((field) =>
        field.includes(word),
      ),
    );

const MINERS: readonly Column<MinerNow>[] = [
  {
    title: "uid",
    isNumber: true,
    key: ({ uid }) => uid,
    draw: (cell, { uid }) => {
      if (!cell.hasChildNodes()) cell.append(element("a", { href: `#/miner/${uid}` }, String(uid)));
    },
  },
  textColumn("hotkey", ({ hotkey }) => short(hotkey), { isLess: true }),
  textColumn("group", ({ last }) => last?.group ?? "–", { key: ({ last }) => last?.group ?? null }),
  { title: "verdict", key: ({ last }) => verdictText(last), draw: (cell, { last }) => verdictCell(cell, last) },
  textColumn("score", ({ last }) => (last?.verdict === "scored" ? figure(last.score) : "–"), {
    isNumber: true,
    key: ({ last }) => (last?.verdict === "scored" ? last.score : null),
  }),
  textColumn("loss reduction, nats", ({ last }) => intervalText(last), {
    isNumber: true,
    isLess: true,
    key: ({ last }) => last?.lossReduction ?? null,
  }),
  textColumn("rank", ({ last }) => (last?.rank == null ? "–" : `${last.rank} of ${last.ranked}`), {
    isNumber: true,
    key: ({ last }) => last?.rank ?? null,
  }),
  textColumn("weight", ({ last }) => share(last?.weight ?? null), {
    isNumber: true,
    isLess: true,
    key: ({ last }) => last?.weight ?? null,
  }),
  textColumn("earns", ({ last }) => share(last?.share ?? null), {
    isNumber: true,
    key: ({ last }) => last?.share ?? null,
  }),
  textColumn("paid, tokens", ({ last }) => figure(last?.emission ?? null, 5), {
    isNumber: true,
    isLess: true,
    key: ({ last }) => last?.emission ?? null,
  }),
  textColumn("this cycle", ({ doing }) => doing, { isLess: true, key: ({ doing }) => doing }),
  { title: "scores so far", draw: (cell, { scores }) => drawSpark(cell, scores, describeScores) },
];

const intervalText = (last: MinerNow["last"]): string => {
  if (last?.lossReduction == null) return "–";
  const { lossReduction, interval } = last;
  return interval
    ? `${figure(lossReduction)} (${figure(interval[0])} to ${figure(interval[1])})`
    : figure(lossReduction);
};

const VALIDATORS: readonly Column<ValidatorCycle>[] = [
  textColumn("uid", ({ uid }) => (uid === null ? "left" : String(uid)), { isNumber: true, key: ({ uid }) => uid }),
  textColumn("hotkey", ({ hotkey }) => short(hotkey)),
  textColumn("stake", ({ votes, stakeShare }) => (votes ? share(stakeShare) : "silent"), {
    isNumber: true,
    key: ({ stakeShare }) => stakeShare,
  }),
  textColumn("agrees", ({ agreement }) => share(agreement), { isNumber: true, key: ({ agreement }) => agreement }),
  textColumn("scores differ by", ({ deviation }) => share(deviation), {
    isNumber: true,
    isLess: true,
    key: ({ deviation }) => deviation,
  }),
  textColumn(
    "report after",
    ({ lateness, allowed }) => (lateness === null ? "none" : `${lateness} of ${plural(allowed, "block")}`),
    { isNumber: true, key: ({ lateness }) => lateness },
  ),
  {
    title: "state",
    draw: (cell, { votes, problem }) => {
      cell.className = !votes || problem !== null ? "bad" : "good";
      setText(
        cell,
        !votes ? "✖ silent: its stake counts in no majority" : problem === null ? "✔ counts" : `✖ ${problem}`,
      );
    },
  },
];

const MODELS: readonly Column<ModelRow>[] = [
  textColumn("cycle", ({ cycle, merged, steps }) =>
    merged.length === 0 && Object.keys(steps).length === 0 ? `${cycle} (genesis)` : String(cycle),
  ),
  {
    title: "model",
    draw: (cell, { hash }) => cell.replaceChildren(element("span", { class: "mono", title: hash }, short(hash, 12))),
  },
  textColumn("merged", (model) => mergedText(model)),
];

const mergedText = ({ steps, merged }: ModelRow): string => {
  const groups = [...new Set([...Object.keys(steps), ...merged.map(({ group }) => group)])].sort();
  const parts = groups.map((group) => {
    const of = merged.filter((one) => one.group === group).sort((a, b) => b.share - a.share);
    const miners = of.map(({ uid, share: part }) => `${uid} ${share(part)}`).join(", ");
    return `${group}: ${steps[group] === 0 ? "stood still" : miners || "nobody"}`;
  });
  return parts.join("; ") || "–";
};

interface LossRow {
  readonly cycle: number;
  readonly values: readonly {
    readonly loss: number | null;
    readonly bits: number | null;
    readonly improved: boolean | null;
  }[];
}

const lossRows = ({ cycles, groups }: History): readonly LossRow[] =>
  cycles
    .map((cycle, at) => ({
      cycle,
      values: groups.map(({ loss, bitsPerByte, improved }) => ({
        loss: loss[at] ?? null,
        bits: bitsPerByte[at] ?? null,
        improved: improved[at] ?? null,
      })),
    }))
    .slice(-LISTED_CYCLES)
    .reverse();

const lossColumns = (groups: readonly string[]): readonly Column<LossRow>[] => [
  textColumn("cycle", ({ cycle }) => String(cycle), { isNumber: true }),
  ...groups.flatMap((name, at): readonly Column<LossRow>[] => [
    textColumn(
      `${name}, nats per token`,
      ({ values }) => `${figure(values[at]!.loss)}${values[at]!.improved === false ? " =" : ""}`,
      { isNumber: true },
    ),
    textColumn(`${name}, bits per byte`, ({ values }) => figure(values[at]!.bits), { isNumber: true }),
  ]),
];

const showSealed = ({ sealed }: SubnetNow): void => {
  const lines = sealed.map(({ group, left, envelopes }) =>
    element(
      "p",
      {},
      `${group}: ${left} of ${envelopes} envelopes are closed. `,
      element("meter", {
        min: 0,
        max: envelopes,
        value: left,
        low: envelopes / 10,
        "aria-label": `sealed text of ${group}`,
      }),
    ),
  );
  byId("sealed").replaceChildren(
    ...(lines.length > 0 ? lines : [element("p", { class: "note" }, "No group is evaluated on sealed text.")]),
  );
};

/** Shows events, newest first. What stands there stays: the list is a live region, of which readers tell what is added. */
const createEvents = (list: HTMLElement): ((now: SubnetNow) => void) => {
  let newest: string | undefined;
  return ({ events }) => {
    const texts = events.map((event) => JSON.stringify(event));
    const at = newest === undefined ? -1 : texts.indexOf(newest);
    if (at < 0) list.replaceChildren();
    list.prepend(...events.slice(0, at < 0 ? events.length : at).map(eventLine));
    while (list.children.length > events.length) list.lastElementChild!.remove();
    newest = texts[0];
  };
};

const eventLine = ({ block, text, kind }: SubnetNow["events"][number]): HTMLElement =>
  element(
    "li",
    {},
    element("span", { class: "soft" }, `block ${block}`),
    element("span", { class: kind === "fault" ? "bad" : undefined }, kind === "fault" ? `✖ ${text}` : text),
  );
