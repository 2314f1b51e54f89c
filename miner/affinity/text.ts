import { type HeatMap, heatMapLines } from "#shared/cli/heat-map.js";
import { table } from "#shared/cli/table.js";
import { expertsOf } from "#shared/model/groups.js";
import type { Network } from "#shared/protocol/network.js";
import { percent } from "#shared/util/percent.js";
import { plural } from "#shared/util/plural.js";
import type { Crowding } from "./crowding.js";
import type { Affinity, GroupAffinity } from "./group-affinity.js";

/** For a person: the groups, the best first, and the map of the text. */
export const describeAffinity = (
  affinity: Affinity,
  crowding: ReadonlyMap<string, Crowding> | null,
  map: HeatMap,
): string => {
  const rows = affinity.groups.map(({ group, share, interval, ownText, even, timesEven }) => {
    const crowd = crowding?.get(group);
    const { least, median, most } = crowd?.scores ?? {};
    return [
      group,
      percent(share),
      interval ? `${percent(interval[0])} to ${percent(interval[1])}` : "–",
      percent(ownText),
      percent(even),
      times(timesEven),
      crowd ? String(crowd.miners) : "–",
      median === undefined ? "–" : `${least!.toFixed(4)} / ${median.toFixed(4)} / ${most!.toFixed(4)}`,
    ];
  });
  const head = [
    "group",
    "share",
    "95 % interval",
    "on its own text",
    "if even",
    "times even",
    "miners",
    "scores low / median / high",
  ];
  return [
    `${plural(affinity.documents, "document")}, ${affinity.tokens.toLocaleString("en-US")} tokens; share of the gates' weight that each group's experts get:`,
    "",
    table([head, ...rows]),
    "",
    ...heatMapLines(map),
    "",
    advice(affinity),
  ].join("\n");
};

const advice = ({ groups: [best, second] }: Affinity): string => {
  if (!best) return "the network has no groups";
  if (best.even >= 1) return `${best.group} owns all experts: every text fits it`;
  if (best.timesEven <= 1) return "no group fits: this text uses none of their experts more than others";
  const [least, most] = [endsOf(best)?.[0], second && endsOf(second)?.[1]];
  const isClear = least === undefined || most === undefined || least > most;
  if (second && !isClear) return `${best.group} and ${second.group} fit alike: take the one with fewer miners`;
  const { group, timesEven, share, ownText } = best;
  return `${group} fits best: its experts get ${times(timesEven)} times what they would if all were used alike (${percent(share)}; ${percent(ownText)} of its own text)`;
};

/** Ends of the interval as times of what it would be if all experts were used alike. */
const endsOf = ({ interval, even }: GroupAffinity): readonly [number, number] | null =>
  interval && [interval[0] / even, interval[1] / even];

const times = (value: number): string => value.toFixed(1);

/** The text's use of every expert, marked by the group that owns it. */
export const affinityMap = (
  { relevance }: Affinity,
  { model, groups }: Pick<Network, "model" | "groups">,
  layers: readonly number[],
): HeatMap => {
  const owned = Object.entries(groups).map(([name, group]) => [name, expertsOf(model, group)] as const);
  const owner = (layer: number, expert: number) =>
    owned.find(([, experts]) => experts[layer]!.includes(expert))?.[0] ?? "";
  return {
    title: "my text",
    rows: layers.map(String),
    values: relevance,
    marks: relevance.map((row, i) => row.map((_, expert) => owner(layers[i]!, expert))),
  };
};
