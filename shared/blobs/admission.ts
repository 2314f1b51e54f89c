import { isIPv6 } from "node:net";
import { isRequestSigned, parseRequestHeader } from "#shared/protocol/request.js";
import type { Verify } from "#shared/protocol/signing.js";
import { knownSenders } from "./known-senders.js";
import type { NonceMark } from "./nonce-mark.js";
import { nonceWindow } from "./nonce-window.js";
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
 * Signatures per minute that do not hold and are verified, from one address and from all: of hotkeys that are not known there. To verify one takes
 * five milliseconds of the thread that does all else, so all take a tenth of it.
 */
const FORGERIES_PER_MINUTE = { ofAddress: 120, ofAll: 1200 };

/**
 * Signatures per minute that hold and are verified: so many of each hotkey, and beyond these so many of all together, a quarter of the thread. Else
 * five hotkeys that send as many requests as they may would take all of it.
 */
const SIGNED_PER_MINUTE = { ofHotkey: 120, beyond: 3000 };

/**
 * Decides whose requests are answered. A request that a hotkey of the subnet signed counts against that hotkey alone, and where it sends many
 * against what all of those share. Every other request counts against its address. A nonce is accepted once, within a minute of this machine's clock.
 * After many invalid signatures, from an address or in all, none is verified for a while of a hotkey that did not sign from that address before: it counts
 * as a stranger.
 */
export const createAdmission = (options: AdmissionOptions): ((request: AdmissionRequest) => Admission) => {
  const { verify, roleOf, serveStrangers, now = Date.now } = options;
  const hotkeys = tokenBuckets({ perMinute: options.perHotkey, now });
  const addresses = tokenBuckets({ perMinute: options.perAddress, now });
  const assured = tokenBuckets({ perMinute: Math.min(SIGNED_PER_MINUTE.ofHotkey, options.perHotkey), now });
  const beyond = tokenBuckets({ perMinute: SIGNED_PER_MINUTE.beyond, now });
  const known = knownSenders();
  const forgeries = tokenBuckets({ perMinute: FORGERIES_PER_MINUTE.ofAll, now });
  const { ofAddress } = FORGERIES_PER_MINUTE;
  const forgeriesOf = tokenBuckets({ perMinute: Math.min(ofAddress, options.perAddress), now });
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
    const retryMs = hotkeys.wait(hotkey) || Math.min(assured.wait(hotkey), beyond.wait(""));
    if (retryMs > 0) return limited(retryMs, from, 2);
    // Neither strangers nor forgers lock out others at their address who are known there.
    const untoldMs = known.has(hotkey, from) ? 0 : forgeriesOf.wait(from) || forgeries.wait("");
    if (untoldMs > 0) return serveStrangers ? stranger(address) : limited(untoldMs, from, 2);
    if (!isRequestSigned(claim, request, verify)) {
      known.forget(hotkey, from);
      forgeriesOf.take(from);
      forgeries.take("");
      return refused("the signature does not hold for this request");
    }
    known.add(hotkey, from);
    if (assured.take(hotkey) > 0) beyond.take("");
    if (!nonces.take(claim)) return stranger(address);
    return limited(hotkeys.take(hotkey), hotkey, role === "validator" ? 0 : 1);
  };
};

/** An IPv6 host controls a whole /64. */
export const networkOf = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=[0-9.]+$)/, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
};
