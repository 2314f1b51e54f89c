import { lengthOf, noiseLike, plus } from "../arena/change.js";
import type { Attack } from "../attack.js";
import { servedLast } from "./served-last.js";

/** Hotkeys for each rival. */
const EACH = 2;
const RIVALS = 4;
/** Noise, relative to what is submitted again: other bytes are all it takes. */
const NOISE = 0.02;

/** Validators that get the files at the last moment; the others get them from these when they are too late to be measured. */
const FRIENDS = ["vera"];

export const oldRivalsLate: Attack = {
  name: "old-rivals-late",
  description:
    "trains honestly under one hotkey; eight more submit the rivals' updates of the last cycle under noise, which two of three validators get too late to measure them",
  identities: 1 + EACH * RIVALS,
  stakes: { vera: 3400, vito: 3300, vic: 3300 },
  submit: async ({ scope, subnet, cycle, seed, identities: [own, ...more], past, train, forge }) => {
    const [before] = past;
    const rivals = before ? [...before.merged, ...before.unmerged] : [];
    const late = more.slice(0, EACH * rivals.length).map(async (miner, i) => {
      const old = rivals[i % rivals.length]!;
      const files = new Map<string, Uint8Array>();
      const location = await servedLast({ scope, subnet, cycle }, files, FRIENDS);
      const noise = noiseLike(old, `${seed}/old-rivals-late/${i}`, NOISE * lengthOf(old));
      const forged = forge({ miner, tensors: plus(old, noise), location });
      files.set(forged.artifact, forged.manifest).set(forged.tensors.hash, forged.tensors.bytes);
      return { forged, served: false };
    });
    return [{ forged: forge({ miner: own!, tensors: await train() }) }, ...(await Promise.all(late))];
  },
};
