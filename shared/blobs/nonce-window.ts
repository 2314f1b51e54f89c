import { NONCE_WINDOW_MS, type RequestClaim } from "#shared/protocol/request.js";
import type { NonceMark } from "./nonce-mark.js";

type Nonce = Pick<RequestClaim, "hotkey" | "nonce">;

/** The nonces that may still be accepted, of verified requests of hotkeys of the subnet. */
export interface NonceWindow {
  /** Whether a previous server may have accepted it. */
  isBeforeMark(claim: Nonce): boolean;
  /** Whether it lies in the window and was not accepted before. */
  isFresh(claim: Nonce): boolean;
  /** Accepts a fresh nonce. False if the next server would not know about it. */
  take(claim: Nonce): boolean;
  /** Hotkeys of which a nonce is remembered: those that asked lately. One that was deregistered is forgotten like any other. */
  readonly hotkeys: number;
}

/** @param now milliseconds since the epoch */
export const nonceWindow = (now: () => number, mark?: NonceMark): NonceWindow => {
  /** By hotkey, in the order in which they asked last. */
  const seen = new Map<string, { readonly nonces: Set<number>; newest: number }>();
  const isPast = (nonce: number) => nonce < now() - NONCE_WINDOW_MS;
  const forget = (): void => {
    for (const [hotkey, { newest }] of seen) {
      if (!isPast(newest)) return;
      seen.delete(hotkey);
    }
  };
  return {
    isBeforeMark: ({ nonce }) => mark !== undefined && nonce <= mark.before,
    isFresh: ({ hotkey, nonce }) => Math.abs(nonce - now()) <= NONCE_WINDOW_MS && !seen.get(hotkey)?.nonces.has(nonce),
    take: ({ hotkey, nonce }) => {
      if (mark?.cover(nonce) === false) return false;
      const known = seen.get(hotkey) ?? { nonces: new Set<number>(), newest: nonce };
      for (const old of known.nonces) {
        // The nonces of one hotkey arrive almost in order.
        if (!isPast(old)) break;
        known.nonces.delete(old);
      }
      known.nonces.add(nonce);
      known.newest = Math.max(known.newest, nonce);
      seen.delete(hotkey);
      seen.set(hotkey, known);
      forget();
      return true;
    },
    get hotkeys() {
      return seen.size;
    },
  };
};
