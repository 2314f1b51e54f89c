import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { type Face, facedServer, shownBy } from "./faced-server.js";
import { liarInflates } from "./liar-inflates.js";

const STAKES = {
  43: { vera: 2850, vito: 2850, mallory: 4300 },
  30: { vera: 2333, vito: 2333, vic: 2334, mallory: 3000 },
} as const;

/** What the honest validators other than vera get: other bytes, nothing, or the file when the evaluate phase has begun. */
const DECEITS = ["noise", "404", "late"] as const;

/**
 * Noise goes to the liar and to vera, who together have more than half of the stake, so that it is scored; were its score that of a median of
 * those who scored it, it would be the liar's.
 */
const partlyServed = (share: keyof typeof STAKES, deceit: (typeof DECEITS)[number]): Attack => ({
  name: `partly-served-${share}-${deceit}`,
  description: `noise that a validator with ${share} % of the stake inflates, served to it and to one honest validator; the others get ${
    { noise: "other bytes", 404: "a 404", late: "it at the last moment" }[deceit]
  }`,
  lie: liarInflates.lie!,
  stakes: STAKES[share],
  submit: async ({ scope, subnet, cycle, seed, honest, forge }) => {
    const files = new Map<string, Uint8Array>();
    const friends = ["mallory", "vera"].map((name) => subnet.signer(name).address);
    const { start } = subnet.window(cycle, "evaluate");
    const toOthers = (): Face => {
      if (deceit === "noise") return "noise";
      return deceit === "late" && subnet.node.head.number >= start ? "file" : "none";
    };
    const location = await facedServer(scope, files, (hotkey) => (friends.includes(hotkey) ? "file" : toOthers()));
    const like = honest[0]!.update;
    const tensors = noiseLike(like, `${seed}/partly-served`, lengthOf(like));
    return [shownBy(files, forge({ miner: "eve1", tensors, location }))];
  },
});

export const partlyServedTo: readonly Attack[] = ([43, 30] as const).flatMap((share) =>
  DECEITS.map((deceit) => partlyServed(share, deceit)),
);
