import { lengthOf, noiseLike } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { facedServer, shownBy } from "./faced-server.js";
import { liarInflates } from "./liar-inflates.js";

export const twoFacedServer: Attack = {
  name: "two-faced-server",
  description: "noise that is served to the lying validator alone, which inflates it; the honest ones get other bytes",
  lie: liarInflates.lie!,
  submit: async ({ scope, subnet, seed, honest, forge }) => {
    const files = new Map<string, Uint8Array>();
    const friend = subnet.signer("mallory").address;
    const location = await facedServer(scope, files, (hotkey) => (hotkey === friend ? "file" : "noise"));
    const like = honest[0]!.update;
    const tensors = noiseLike(like, `${seed}/two-faced`, lengthOf(like));
    return [shownBy(files, forge({ miner: "eve1", tensors, location }))];
  },
};
