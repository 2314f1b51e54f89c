import type { ComputeHost, ComputeNow, SubnetNow } from "../snapshot.js";
import { byId, element, setText } from "./dom.js";
import { plural, share, short, whole } from "./figures.js";
import { drawSpark } from "./spark.js";
import { type Column, createTable, type DrawnTable, textColumn } from "./table.js";

/** Settled Sprints: who computed how much, and what it does to pay. Hidden where the network file has none. */
export interface ComputeView {
  show(now: SubnetNow): void;
}

export const createComputeView = (): ComputeView => {
  let hosts: DrawnTable<ComputeHost> | null = null;
  let hasDuty: boolean | null = null;
  return {
    show: ({ compute, clock }) => {
      byId("compute").hidden = compute === null;
      if (!compute) return;
      setText(byId("compute-sprint"), settledText(compute));
      setText(byId("compute-next"), nextText(compute, clock));
      setText(byId("compute-seed"), seedText(compute));
      if (!hosts || hasDuty !== (compute.duty !== null)) {
        hasDuty = compute.duty !== null;
        hosts = tableOf(hasDuty);
      }
      hosts.show(compute.hosts);
    },
  };
};

const tableOf = (hasDuty: boolean): DrawnTable<ComputeHost> =>
  createTable(byId<HTMLTableElement>("hosts"), {
    caption:
      "Each host's part in the newest settled Sprint and its confirmed weight, in nonces. Measured is wins times difficulty, with a 95 % interval.",
    columns: [...HOSTS, ...(hasDuty ? DUTY : [])],
    id: ({ hotkey }) => hotkey,
    sortedBy: { column: 0, isDescending: false },
  });

const settledText = (compute: ComputeNow): string => {
  const { cycle, dials, hosts, every, required, isWhole, unknown } = compute;
  const pay =
    required === null ? "Pay does not depend on Sprints." : `Pay is whole with ${whole(required)} confirmed nonces.`;
  if (cycle === null) return `A Sprint in every ${plural(every, "cycle")}, dials ${dials}; none is settled yet. ${pay}`;
  const entered = hosts.filter(({ outcome }) => outcome !== null).length;
  const doubt = isWhole ? "" : " Not all that it was settled from can be had: others may have settled it otherwise.";
  const others = unknown.filter((one) => one !== cycle);
  const left = others.length === 0 ? "" : ` Not in full here: what belongs to cycle ${others.join(", ")}.`;
  return `Sprint of cycle ${cycle}, dials ${dials}: ${entered} entered. ${pay}${dutyText(compute)}${doubt}${left}`;
};

const dutyText = ({ duty }: ComputeNow): string =>
  duty === null ? "" : duty.cycle === null ? " No duty is closed yet." : ` Duty is that of cycle ${duty.cycle}.`;

const nextText = ({ next, every }: ComputeNow, { cycle, records }: SubnetNow["clock"]): string => {
  const rule = every === 1 ? "Each cycle has a Sprint." : `Every ${every} cycles there is a Sprint.`;
  if (next !== cycle) return `${rule} The next one is in cycle ${next}.`;
  return `${rule} One runs: ${records.enter} entered, ${records.sprint} committed to a proof.`;
};

const seedText = ({ seed }: ComputeNow): string => {
  if (!seed) return "";
  const { cycle, origin, round, blocks, value } = seed;
  const mixed = value === null ? "" : ` It is mixed with the beacon's value ${value.text}.`;
  const [first, last] = blocks;
  const hashes = first === last ? `the hash of block ${first}` : `the hashes of blocks ${first} to ${last}`;
  return origin === "pulse"
    ? `Beacon: the seed of cycle ${cycle} was drawn from the pulse of round ${round}.${mixed}`
    : `Beacon: the seed of cycle ${cycle} was drawn from ${hashes}, among which a producer could choose.${mixed}`;
};

const SIGNS = { valid: "✔", invalid: "✖", withheld: "✖", unopposed: "○", undecided: "○", absent: "○" } as const;
const CLASSES = {
  valid: "good",
  invalid: "bad",
  withheld: "bad",
  unopposed: "warn",
  undecided: "warn",
  absent: "warn",
} as const;

const outcomeText = ({ outcome, why, confirmation }: ComputeHost): string =>
  outcome === null
    ? `– ${why}`
    : `${SIGNS[outcome]} ${outcome}${why === null ? "" : `: ${why}`}${confirmationText(confirmation)}`;

const confirmationText = (confirmation: ComputeHost["confirmation"]): string => {
  if (!confirmation) return "";
  const { cycle, outcome, measured } = confirmation;
  return `; confirmation of cycle ${cycle}: ${outcome}${outcome === "valid" ? `, ${whole(measured)}` : ""}`;
};

const HOSTS: readonly Column<ComputeHost>[] = [
  {
    title: "uid",
    isNumber: true,
    key: ({ uid }) => uid,
    draw: (cell, { uid }) => {
      if (!cell.hasChildNodes() || cell.textContent !== String(uid))
        cell.replaceChildren(element("a", { href: `#/miner/${uid}` }, String(uid)));
    },
  },
  textColumn("hotkey", ({ hotkey }) => short(hotkey), { isLess: true }),
  {
    title: "settled as",
    key: outcomeText,
    draw: (cell, host) => {
      cell.className = host.outcome === null ? "soft wrap" : `${CLASSES[host.outcome]} wrap`;
      setText(cell, outcomeText(host));
    },
  },
  textColumn("wins one in", ({ difficulty }) => (difficulty === null ? "–" : String(difficulty)), {
    isNumber: true,
    isLess: true,
    key: ({ difficulty }) => difficulty,
  }),
  textColumn("wins", ({ wins }) => whole(wins), { isNumber: true, isLess: true, key: ({ wins }) => wins }),
  textColumn(
    "measured",
    ({ measured, low, high }) => (measured === 0 ? "–" : `${whole(measured)} (${whole(low)} to ${whole(high)})`),
    { isNumber: true, isLess: true, key: ({ measured }) => measured },
  ),
  textColumn("confirmed", ({ confirmed }) => whole(confirmed), {
    isNumber: true,
    key: ({ confirmed }) => confirmed,
  }),
  textColumn("of its pay", ({ paid }) => share(paid), { isNumber: true, key: ({ paid }) => paid }),
  {
    title: "confirmed so far",
    isLess: true,
    draw: (cell, { weights }) => drawSpark(cell, weights, describeWeights),
  },
];

const DUTY: readonly Column<ComputeHost>[] = [
  {
    title: "duty done",
    key: ({ duty }) => duty?.missed ?? null,
    draw: (cell, { duty }) => {
      cell.className = duty?.isFraud ? "bad" : duty && duty.missed > 0 ? "warn" : "";
      const done = duty ? `${duty.duties - duty.missed} of ${duty.duties}` : "–";
      setText(cell, duty?.isFraud ? `✖ ${done}, fraud` : done);
    },
  },
  textColumn("reputation", ({ reputation }) => share(reputation), {
    isNumber: true,
    isLess: true,
    key: ({ reputation }) => reputation,
  }),
];

const describeWeights = (weights: readonly (number | null)[]): string =>
  `confirmed after each of ${plural(weights.length, "Sprint")}: ${weights.map((weight) => (weight === null ? "none" : whole(weight))).join(", ")}`;
