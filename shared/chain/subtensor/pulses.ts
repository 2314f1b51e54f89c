import { hexToU8a } from "@polkadot/util";
import { z } from "zod";
import { hex } from "./codecs.js";
import type { State } from "./state.js";

const pulse = z.object({ signature: hex }).nullable();

/** The signature of a drand round that the chain's offchain workers brought. Null if they have not brought it, or if it was pruned. */
export const readPulse = async (state: State, round: number): Promise<Uint8Array | null> => {
  const [stored] = await state.items([["drand", "pulses", round]]);
  const found = pulse.parse(stored);
  return found && hexToU8a(found.signature);
};
