import { setTimeout as delay } from "node:timers/promises";
import { decodeAddress } from "@polkadot/util-crypto";
import { BlockZeroError, hasCode, oneLine } from "#shared/errors/error.js";
import { asciiLine } from "#shared/protocol/parsed.js";
import { DUTY_CONTEXT, type SigningRequest, type VrfSigner } from "#shared/protocol/signer.js";
import { type Log, silentLog } from "#shared/telemetry/log.js";
import { signedBytes, verify, verifyVrf } from "#shared/wallet/index.js";
import { malformedAnswer, openSignerLine, type SignerAnswer, type SignerPlace } from "./ask-signer.js";
import { showSignerAddress } from "./signer-address.js";
import {
  drawAnswerSchema,
  encodePurpose,
  faultAnswerSchema,
  KEY_PATH,
  KIND_HEADER,
  keyAnswerSchema,
  PURPOSE_HEADER,
  SIGN_PATH,
  type SignerFaultCode,
  signAnswerSchema,
} from "./signing-wire.js";

/** How long a signer is waited for, in milliseconds. */
export interface SignerTimeouts {
  /** For one answer. */
  readonly attemptMs: number;
  /** For one answer to a blob server's request, without which it is sent unsigned. */
  readonly requestMs: number;
  /** For an extrinsic in all: the caller tries again in the next block. */
  readonly extrinsicMs: number;
  /** For a document in all: without it a cycle's work would be lost. */
  readonly documentMs: number;
  /** After a failure, requests to blob servers are not signed for so long. */
  readonly pauseMs: number;
}

const TIMEOUTS: SignerTimeouts = {
  attemptMs: 5_000,
  requestMs: 2_000,
  extrinsicMs: 15_000,
  documentMs: 600_000,
  pauseMs: 15_000,
};

export interface RemoteSignerOptions extends SignerPlace {
  /** The hotkey whose signatures are wanted, SS58. */
  readonly hotkey: string;
  readonly timeouts?: Partial<SignerTimeouts>;
  readonly log?: Log;
}

/** A hotkey that another process signs and draws with. It gives draws of duty alone. */
export interface RemoteSigner extends VrfSigner {
  /**
   * Asks whose key the signer has.
   * @throws BlockZeroError SIGNER_WRONG_KEY, SIGNER_UNREACHABLE, SIGNER_TIMEOUT, SIGNER_MALFORMED, SIGNER_UNAUTHORIZED
   */
  check(): Promise<void>;
  close(): void;
}

/** What a signer elsewhere is asked for. */
type Asked = SigningRequest | { readonly kind: "draw"; readonly message: Uint8Array };

/** First wait before asking again; it doubles up to the longest. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/**
 * Asks a signer for each signature, and asks again where it does not answer, which its journal makes safe: the same bytes get the same
 * answer. Verifies what it sends.
 */
export const remoteSigner = ({ hotkey, log = silentLog, timeouts, ...place }: RemoteSignerOptions): RemoteSigner => {
  const limits = { ...TIMEOUTS, ...timeouts };
  const line = openSignerLine(place);
  const closed = new AbortController();
  let pausedUntil = 0;

  const ask = async (request: Asked, deadlineMs: number): Promise<Uint8Array> => {
    const purpose = "purpose" in request ? request.purpose : undefined;
    const answer = await line.ask({
      method: "POST",
      path: SIGN_PATH,
      headers: {
        "content-type": "application/octet-stream",
        [KIND_HEADER]: request.kind,
        ...(purpose !== undefined && { [PURPOSE_HEADER]: encodePurpose(purpose) }),
      },
      body: request.message,
      deadlineMs,
    });
    if (request.kind === "draw") {
      const draw = Buffer.from(readAnswer(answer, drawAnswerSchema).signature, "hex");
      if (verifyVrf(request.message, draw, hotkey, DUTY_CONTEXT)) return draw;
      throw malformedAnswer(`a draw that is not ${hotkey}'s`);
    }
    const signature = Buffer.from(readAnswer(answer, signAnswerSchema).signature, "hex");
    if (verify(signedBytes(request), signature, hotkey)) return signature;
    throw malformedAnswer(`a signature that is not ${hotkey}'s`);
  };

  /** Asks until it answers, the time is over, or this is closed. A refusal is an answer. */
  const askAgain = async (request: Asked, allMs: number): Promise<Uint8Array> => {
    const until = performance.now() + allMs;
    let isTold = false;
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await ask(request, limits.attemptMs);
      } catch (thrown) {
        if (!hasCode(thrown, "SIGNER_UNREACHABLE", "SIGNER_TIMEOUT", "SIGNER_BUSY")) throw thrown;
        const pause = Math.max(wait, thrown instanceof Busy ? Math.min(thrown.waitMs, LONGEST_WAIT_MS) : 0);
        if (performance.now() + pause > until) throw thrown;
        if (!isTold)
          log.warn("the signer does not sign; it is asked again", { code: thrown.code, reason: thrown.message });
        isTold = true;
        await delay(pause, undefined, { signal: closed.signal }).catch(() => Promise.reject(thrown));
      }
    }
  };

  /** Not asked for a while after it failed: each of many files would wait for it. */
  const askOnce = async (request: Asked): Promise<Uint8Array> => {
    if (performance.now() < pausedUntil)
      throw new BlockZeroError(
        "SIGNER_UNREACHABLE",
        `the signer at ${showSignerAddress(place.address)} did not answer a moment ago`,
        "start it with `blockzero signer`",
      );
    try {
      const signature = await ask(request, limits.requestMs);
      pausedUntil = 0;
      return signature;
    } catch (thrown) {
      if (pausedUntil === 0) log.warn("requests are not signed for now", { reason: oneLine(String(thrown)) });
      pausedUntil = performance.now() + limits.pauseMs;
      throw thrown;
    }
  };

  return {
    address: hotkey,
    publicKey: decodeAddress(hotkey),
    sign: (request) => {
      if (request.kind === "request") return askOnce(request);
      return askAgain(request, request.kind === "document" ? limits.documentMs : limits.extrinsicMs);
    },
    vrf: async (message, context) => {
      if (context === DUTY_CONTEXT) return askAgain({ kind: "draw", message }, limits.documentMs);
      throw new BlockZeroError("SIGNER_REFUSED", `a draw in the context ${context}`, HINTS.SIGNER_REFUSED);
    },
    check: async () => {
      const answer = await line.ask({ method: "GET", path: KEY_PATH, deadlineMs: limits.attemptMs });
      const { address } = readAnswer(answer, keyAnswerSchema);
      if (address === hotkey) return;
      throw new BlockZeroError(
        "SIGNER_WRONG_KEY",
        `the signer at ${showSignerAddress(place.address)} signs for ${address}, the wallet's hotkey is ${hotkey}`,
        "correct wallet.signer, or wallet.name and wallet.hotkey",
      );
    },
    close: () => {
      closed.abort();
      line.close();
    },
  };
};

/** A signer that has too much to do, and when it wants to be asked again. */
class Busy extends BlockZeroError {
  constructor(
    message: string,
    readonly waitMs: number,
  ) {
    super("SIGNER_BUSY", message, HINTS.SIGNER_BUSY);
  }
}

const HINTS: Readonly<Record<SignerFaultCode, string>> = {
  SIGNER_UNAUTHORIZED: "set wallet.signer_token to a copy of the file that the signer's own `token` names",
  SIGNER_REFUSED: "see the signer's log; where it is wanted, allow it in the signer's file: docs/signer.md",
  SIGNER_CONFLICT: "stop the other program that signs with this hotkey; this cycle is left out",
  SIGNER_BUSY: "it is asked again; where this is usual, raise rates.* in the signer's file",
  SIGNER_JOURNAL_FAILED: "free space where the signer's `home` is, then start it anew",
};

const readAnswer = <T>(
  { status, text, retryAfterMs }: SignerAnswer,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
): T => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformedAnswer(`status ${status} and no JSON`);
  }
  if (status === 200) {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw malformedAnswer("an answer that is not as its version has it");
  }
  const fault = faultAnswerSchema.safeParse(value);
  if (!fault.success) throw malformedAnswer(`status ${status} and no reason`);
  const { code } = fault.data;
  const message = `the signer: ${asciiLine(fault.data.message)}`;
  if (code === "SIGNER_BUSY") throw new Busy(message, retryAfterMs ?? 0);
  throw new BlockZeroError(code, message, HINTS[code]);
};
