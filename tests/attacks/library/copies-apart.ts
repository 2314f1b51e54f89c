import type { ReportEntry } from "#shared/protocol/report.js";
import type { Attack, Lie } from "../attack.js";
import { shownBy } from "./faced-server.js";
import { lieInReports } from "./lie-in-reports.js";
import { servedLast } from "./served-last.js";

/** Who gets the copy of which number. */
interface Apart {
  readonly name: string;
  readonly description: string;
  readonly stakes: Readonly<Record<string, number>>;
  /** By copy: the validators that get it. The others get it from nobody in time. */
  readonly friends: readonly (readonly string[])[];
  readonly lie?: Lie;
}

/** In the first cycle no validator has said where it serves, so that none hands anything on: all get all copies. */
const BEGINS = 2;

const copiesApart = ({ name, description, stakes, friends, lie }: Apart): Attack => ({
  name,
  description,
  stakes,
  identities: friends.length,
  ...(lie && { lie }),
  submit: async ({ scope, subnet, cycle, identities, train, forge }) => {
    const tensors = await train();
    if (cycle < BEGINS) return identities.map((miner) => ({ forged: forge({ miner, tensors }) }));
    return Promise.all(
      identities.map(async (miner, i) => {
        const files = new Map<string, Uint8Array>();
        const location = await servedLast({ scope, subnet, cycle }, files, friends[i]!);
        return shownBy(files, forge({ miner, tensors, location }));
      }),
    );
  },
});

/** The most that a report may say. */
const MOST = 1024;

/** What it measured, but for whom it takes for whose kin. */
export const unlikeAnybody = (measured: readonly ReportEntry[], attackers: ReadonlySet<number>): ReportEntry[] =>
  measured.map((entry) =>
    entry.verdict === "scored" ? { ...entry, independence: attackers.has(entry.uid) ? MOST : 0 } : entry,
  );

const lie = lieInReports((measured, { attackers }) => unlikeAnybody(measured, attackers));

/** Independence is measured by each validator among the updates that it got. Who is shown one copy alone takes it for a training. */
export const copiesApartAll: readonly Attack[] = [
  copiesApart({
    name: "copies-apart",
    description:
      "one training under three hotkeys, each of which serves two of three honest validators, at the last moment: none has all of the copies",
    stakes: { vera: 3400, vito: 3300, vic: 3300 },
    friends: [
      ["vera", "vito"],
      ["vito", "vic"],
      ["vera", "vic"],
    ],
  }),
  copiesApart({
    name: "copies-apart-30",
    description:
      "the same with a validator that has 30 % of the stake and gets all: each of three honest ones gets one copy, and has more than half of the stake with it",
    stakes: { vera: 2333, vito: 2333, vic: 2334, mallory: 3000 },
    friends: ["vera", "vito", "vic"].map((name) => [name, "mallory"]),
    lie,
  }),
  copiesApart({
    name: "copies-apart-49",
    description: "the same with 49 % of the stake beside two honest validators, a copy for each",
    stakes: { vera: 2550, vito: 2550, mallory: 4900 },
    friends: ["vera", "vito"].map((name) => [name, "mallory"]),
    lie,
  }),
];
