import { sha256 } from "#shared/protocol/hash.js";
import type { VerifyVrf } from "#shared/protocol/signing.js";

/** Draws that were verified before, by a hash of the draw and all that it is about: whether they are the hotkey's. */
export type KnownDraws = Map<string, boolean>;

/** The same verification, which takes 10 ms, once a draw. @param known what is verified is added */
export const verifyOnce =
  (verifyVrf: VerifyVrf, known: KnownDraws): VerifyVrf =>
  (message, draw, hotkey, context) => {
    const lengths = Buffer.from(`${message.length} ${draw.length} ${hotkey.length} `);
    const key = sha256(lengths, message, draw, Buffer.from(`${hotkey}${context}`));
    const before = known.get(key);
    if (before !== undefined) return before;
    const isOwn = verifyVrf(message, draw, hotkey, context);
    known.set(key, isOwn);
    return isOwn;
  };
