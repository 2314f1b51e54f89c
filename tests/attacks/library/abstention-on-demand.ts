import { scaled } from "../arena/change.js";
import type { Attack, Lie } from "../attack.js";
import { facedServer, shownBy } from "./faced-server.js";
import { OWN_TRAININGS_APART } from "./own-trainings-apart.js";
import { servedLast } from "./served-last.js";
import { unscored } from "./unscored.js";

/** One good cycle in so many. */
const PERIOD = 4;

/** Trains in one cycle of four; in the others it announces what half of the stake cannot fetch, so that they be left out of its mean. */
const abstentionOnDemand = (name: string, description: string, friend: string, lie?: Lie): Attack => ({
  name,
  description,
  ...(lie && { lie }),
  submit: async ({ scope, subnet, cycle, honest, train, forge }) => {
    if (cycle % PERIOD === 1) return [{ forged: forge({ miner: "eve1", tensors: await train() }) }];
    const files = new Map<string, Uint8Array>();
    const address = subnet.signer(friend).address;
    const location = await facedServer(scope, files, (hotkey) => (hotkey === address ? "file" : "none"));
    return [shownBy(files, forge({ miner: "eve1", tensors: scaled(honest[0]!.update, -1), location }))];
  },
});

/** Number of mallory's report: hers is the highest uid of four. */
const MALLORYS = 3;

/**
 * The same with a validator whose report is held by most of those who say what they hold, and not by itself. Of the honest ones one has no held
 * record in time, and another one gets the file as the last, when all others have asked for it in vain: sooner, it would hand it on.
 */
const abstentionUnheard: Attack = {
  name: "abstention-unheard",
  description:
    "one good cycle in four; in the others one honest validator with 15 % of the stake gets its file, and its own validator, which has 40 %, does not say that it holds its own report, while another one with 15 % says nothing of what it holds",
  known: { abstained: OWN_TRAININGS_APART, paid: OWN_TRAININGS_APART },
  stakes: { vera: 3000, viv: 1500, vic: 1500, mallory: 4000 },
  unsaid: ["vic"],
  lie: { held: (held) => held.filter((number) => number !== MALLORYS) },
  submit: async ({ scope, subnet, cycle, honest, train, forge }) => {
    if (cycle % PERIOD === 1) return [{ forged: forge({ miner: "eve1", tensors: await train() }) }];
    const files = new Map<string, Uint8Array>();
    const location = await servedLast({ scope, subnet, cycle }, files, ["viv"]);
    return [shownBy(files, forge({ miner: "eve1", tensors: scaled(honest[0]!.update, -1), location }))];
  },
};

export const abstentionsOnDemand: readonly Attack[] = [
  abstentionOnDemand(
    "abstention-on-demand",
    "one good cycle in four; in the others one of two honest validators gets its file, and the other a 404",
    "vera",
  ),
  abstentionOnDemand(
    "abstention-with-liar",
    "one good cycle in four; in the others its file goes to its validator alone, which has 49 % of the stake and says that it failed itself",
    "mallory",
    {
      entries: (measured, { attackers }) =>
        measured.map((entry) =>
          attackers.has(entry.uid) && entry.score === 0 ? unscored(entry, "validator_failed") : entry,
        ),
    },
  ),
  abstentionUnheard,
];
