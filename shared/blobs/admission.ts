import { isRequestSigned, parseRequestHeader } from "#shared/protocol/request.js";
import type { Verify } from "#shared/protocol/signing.js";
import { networkOf } from "./network-of.js";
import type { NonceMark } from "./nonce-mark.js";
import { nonceWindow } from "./nonce-window.js";
import { signatureBudget } from "./signature-budget.js";
import { tokenBuckets } from "./token-buckets.js";

/** The role of a hotkey in the subnet. Null for a stranger. */
export type Role = "validator" | "miner" | null;

export interface AdmissionOptions {
  readonly verify: Verify;
  readonly roleOf: (hotkey: string) => Role;
  /** Whether requests without a signature, and requests of strangers, are served at all. */
  readonly serveStrangers: boolean;
  /** Requests per minute for one hotkey of the subnet. */
  readonly perHotkey: number;
  /** Requests per minute from one address that no hotkey of the subnet signed. */
  readonly perAddress: number;
  /** Unset if no server with this origin ran before, or none will run after it. */
  readonly nonceMark?: NonceMark;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Nobody has a role, and each address may ask ten times a second. */
export const EVERYBODY: AdmissionOptions = {
  verify: () => false,
  roleOf: () => null,
  serveStrangers: true,
  perHotkey: 3000,
  perAddress: 600,
};

export interface AdmissionRequest {
  readonly method: string;
  /** The server's own origin, as in records. */
  readonly origin: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly address: string;
}

export type Admission =
  | { readonly ok: true; readonly urgency: Urgency /** The hotkey, or a stranger's network. */; readonly from: string }
  | { readonly ok: false; readonly status: 401; readonly reason: string }
  | { readonly ok: false; readonly status: 429; readonly reason: string; readonly retryMs: number };

/** Validators first, then miners, then everybody else. */
export type Urgency = 0 | 1 | 2;

/**
 * Decides whose requests are answered.
 *
 * - A request that a hotkey of the subnet signed counts against that hotkey alone; where a hotkey sends many, they count against what all of
 *   those share as well.
 * - Every other request counts against its address.
 * - A nonce is accepted once, within a minute of this machine's clock.
 * - After many invalid signatures, from an address or in all, none is verified for a while of a hotkey that did not sign from that address before.
 *   It then counts as a stranger.
 */
export const createAdmission = (options: AdmissionOptions): ((request: AdmissionRequest) => Admission) => {
  const { verify, roleOf, serveStrangers, now = Date.now } = options;
  const hotkeys = tokenBuckets({ perMinute: options.perHotkey, now });
  const addresses = tokenBuckets({ perMinute: options.perAddress, now });
  const signatures = signatureBudget({ ...options, now });
  const nonces = nonceWindow(now, options.nonceMark);

  const limited = (retryMs: number, from: string, urgency: Urgency): Admission =>
    retryMs === 0 ? { ok: true, urgency, from } : { ok: false, status: 429, reason: "too many requests", retryMs };

  const stranger = (address: string): Admission => {
    const from = networkOf(address);
    return serveStrangers
      ? limited(addresses.take(from), from, 2)
      : { ok: false, status: 401, reason: "sign requests with a hotkey of this subnet" };
  };

  return ({ authorization, address, ...request }) => {
    if (authorization === undefined) return stranger(address);
    const refused = (reason: string): Admission => {
      const from = networkOf(address);
      const retryMs = addresses.take(from);
      return retryMs === 0 ? { ok: false, status: 401, reason } : limited(retryMs, from, 2);
    };
    const claim = parseRequestHeader(authorization);
    if (claim === null) return refused("not a BlockZero signature");
    const role = roleOf(claim.hotkey);
    if (role === null) return stranger(address);
    // Nobody knows any more whether the previous server accepted this nonce.
    if (nonces.isBeforeMark(claim)) return stranger(address);
    if (!nonces.isFresh(claim)) return refused("the nonce was used, or is not of this minute");
    const from = networkOf(address);
    const { hotkey } = claim;
    const retryMs = hotkeys.wait(hotkey) || signatures.wait(hotkey);
    if (retryMs > 0) return limited(retryMs, from, 2);
    const unknownMs = signatures.waitOfUnknown(hotkey, from);
    if (unknownMs > 0) return serveStrangers ? stranger(address) : limited(unknownMs, from, 2);
    if (!isRequestSigned(claim, request, verify)) {
      signatures.forged(hotkey, from);
      return refused("the signature does not hold for this request");
    }
    signatures.held(hotkey, from);
    if (!nonces.take(claim)) return stranger(address);
    return limited(hotkeys.take(hotkey), hotkey, role === "validator" ? 0 : 1);
  };
};
