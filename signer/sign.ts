import { tokenBuckets } from "#shared/blobs/token-buckets.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { sha256 } from "#shared/protocol/hash.js";
import { DUTY_CONTEXT, type LocalKey } from "#shared/protocol/signer.js";
import { signedBytes } from "#shared/wallet/index.js";
import { decode } from "./decode/decode.js";
import type { SignedJournal } from "./journal.js";
import { type Policy, permits } from "./policy.js";
import type { AskedRequest, Statement } from "./statement.js";

/** Signatures and draws a minute that are given at most, of each kind. */
export interface Rates {
  readonly extrinsics: number;
  readonly documents: number;
  readonly requests: number;
  readonly draws: number;
}

export interface SigningOptions {
  readonly key: LocalKey;
  readonly policy: Policy;
  readonly rates: Rates;
  readonly journal: SignedJournal;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A signature or a draw, and what it states. */
export interface Signed {
  readonly statement: Statement;
  readonly signature: Uint8Array;
}

/** A refusal that says when to ask again. */
export class TooOften extends BlockZeroError {
  constructor(
    message: string,
    readonly waitMs: number,
  ) {
    super("SIGNER_BUSY", message, "ask less, or raise the rate in the signer's file");
  }
}

/**
 * Signs what is understood, allowed, not too often, and not said differently before, in this order. Only what is signed enters the journal.
 *
 * @throws BlockZeroError SIGNER_REFUSED, SIGNER_BUSY, SIGNER_CONFLICT, SIGNER_JOURNAL_FAILED
 */
export const openSigning = ({ key, policy, rates, journal, now = Date.now }: SigningOptions) => {
  const buckets = {
    extrinsic: bucket(rates.extrinsics),
    document: bucket(rates.documents),
    request: bucket(rates.requests),
    draw: bucket(rates.draws),
  };
  return (request: AskedRequest): Signed => {
    const decoded = decode({ request, hotkey: key.address, now: now() });
    const permitted = decoded.ok ? permits(policy, decoded.value) : decoded;
    if (!permitted.ok) throw new BlockZeroError("SIGNER_REFUSED", permitted.problem, "see docs/signer.md");
    const statement = permitted.value;
    const wait = buckets[statement.kind].take("");
    if (wait > 0) throw new TooOften(`too many ${statement.kind}s within a minute`, wait);
    if (request.kind === "draw") return { statement, signature: key.vrf(request.message, DUTY_CONTEXT) };
    const message = signedBytes(request);
    const sign = () => key.signBytes(message);
    const slot = "slot" in statement ? statement.slot : null;
    return { statement, signature: slot === null ? sign() : journal.signOnce(slot, sha256(message), sign) };
  };
};

/** By a clock that nobody sets back: a corrected one would stop signatures for as long as it was wrong. */
const bucket = (perMinute: number) => tokenBuckets({ perMinute, now: () => performance.now(), maxKeys: 1 });
