import { hash } from "node:crypto";
import { setImmediate as yieldToEvents } from "node:timers/promises";

/** Nonces that are hashed at once: a few milliseconds. */
const NONCES_AT_ONCE = 512;

/**
 * The `count` nonces with the least lots, ascending by lot. A nonce's lot is SHA-256(head ‖ nonce as u64 little-endian). However many nonces there
 * are, only `count` lots are kept, and events go on after every few of them.
 *
 * @param nonces non-negative safe integers, each once
 */
export const leastLots = async (
  nonces: readonly number[],
  { head, count }: { readonly head: Uint8Array; readonly count: number },
): Promise<number[]> => {
  const message = Buffer.concat([head, Buffer.alloc(8)]);
  const least: { readonly nonce: number; readonly lot: string }[] = [];
  for (let at = 0; at < nonces.length; at += NONCES_AT_ONCE) {
    if (at > 0) await yieldToEvents();
    for (const nonce of nonces.slice(at, at + NONCES_AT_ONCE)) {
      message.writeUInt32LE(nonce % 2 ** 32, head.length);
      message.writeUInt32LE(Math.floor(nonce / 2 ** 32), head.length + 4);
      // Hex digits compare as bytes do, and need no buffer of their own.
      const lot = hash("sha256", message, "hex");
      if (least.length >= count && !(lot < (least.at(-1)?.lot ?? ""))) continue;
      const behind = least.findIndex((other) => lot < other.lot);
      least.splice(behind < 0 ? least.length : behind, 0, { nonce, lot });
      if (least.length > count) least.pop();
    }
  }
  return least.map(({ nonce }) => nonce);
};
