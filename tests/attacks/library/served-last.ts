import { setTimeout as pause } from "node:timers/promises";
import type { Den } from "../attack.js";
import { facedServer } from "./faced-server.js";

/** Whoever is not shown a file has asked the others for it by then, and has stopped asking. */
const HANDED_ON_MS = 700;
/** It may have asked before the evaluate phase, and does not ask again. */
const ASKED_MS = 2_500;

/** Serves files to some validators when the others, who are to have them from nobody in time, ask no more: whoever has a file hands it on. */
export const servedLast = async (
  { scope, subnet, cycle }: Pick<Den, "scope" | "subnet" | "cycle">,
  files: ReadonlyMap<string, Uint8Array>,
  friends: readonly string[],
): Promise<string> => {
  const { start } = subnet.window(cycle, "evaluate");
  const addressOf = (name: string) => subnet.signer(name).address;
  const strangers = subnet.validators.filter((name) => !friends.includes(name)).map(addressOf);
  const inVain = new Map<string, () => void>();
  const asked = Promise.all(strangers.map((hotkey) => new Promise<void>((done) => inVain.set(hotkey, done))));
  return facedServer(scope, files, async (hotkey) => {
    if (subnet.node.head.number < start) return "none";
    inVain.get(hotkey)?.();
    if (!friends.map(addressOf).includes(hotkey)) return "none";
    await Promise.race([asked.then(() => pause(HANDED_ON_MS)), pause(ASKED_MS)]);
    return "file";
  });
};
