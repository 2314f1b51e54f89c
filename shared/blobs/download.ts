import { BlockZeroError, type ErrorCode, hasCode } from "#shared/errors/error.js";
import { requestNonces, signRequest } from "#shared/protocol/request.js";
import type { Signer } from "#shared/protocol/signer.js";
import { orAbort } from "#shared/util/deadline.js";
import type { BlobFetch } from "./blob-fetch.js";
import { type RequestLimits, requestBlob } from "./blob-request.js";
import { type IncomingBlob, lend } from "./incoming-blob.js";
import type { Server } from "./servers-at.js";

/** Number of times in a row that one location may break off before it has sent a stretch, if each attempt brings bytes. */
const CONTINUATIONS = 5;

/** Bytes after which breaking off counts anew: a large blob takes longer than servers give one answer, which is 2 s where others wait. */
const STRETCH_BYTES = 512 << 10;

type RequestSigner = Pick<Signer, "address" | "sign">;

export interface DownloadOptions extends Pick<RequestLimits, "allowPrivateAddresses"> {
  /** Signs the requests; unset: nobody does. */
  readonly signer: RequestSigner | undefined;
}

/**
 * Fetches the rest of a blob from one server, until a signal aborts.
 *
 * @throws BlockZeroError FETCH_…, what breaks a connection, the signal's reason
 */
export type Download = (
  server: Server,
  request: BlobFetch,
  incoming: IncomingBlob,
  signal: AbortSignal,
) => Promise<void>;

/** Downloads that go on where a server broke off, as long as that brings bytes. */
export const downloads = ({ allowPrivateAddresses, signer }: DownloadOptions): Download => {
  const nextNonce = requestNonces();
  const ask: Download = async (server, request, incoming, signal) => {
    const { origin } = server;
    const path = `/blob/${request.hash}`;
    const get = { ...server, allowPrivateAddresses, path, maxBytes: request.maxBytes, signal };
    const send = (authorization: string | undefined) => requestBlob({ ...get, authorization }, incoming);
    if (signer === undefined) return send(undefined);
    const signed = { method: "GET", origin: origin.origin, path, nonce: nextNonce() };
    const authorization = await authorizationOf(signed, signer);
    if (authorization === undefined) return send(undefined);
    try {
      await send(authorization);
    } catch (thrown) {
      // The clock may be wrong, or records may name the server differently. Public blobs are served without a signature.
      if (!hasCode(thrown, "FETCH_UNAUTHORIZED")) throw thrown;
      await send(undefined);
    }
  };

  return async (server, request, incoming, signal) => {
    for (let attempts = 1; ; attempts++) {
      const before = incoming.length();
      const loan = lend(incoming);
      try {
        return await orAbort(ask(server, request, loan.blob, signal), signal);
      } catch (thrown) {
        await loan.takeBack();
        if (signal.aborted) throw signal.reason;
        const mayGoOn = !(thrown instanceof BlockZeroError) || thrown.code === "FETCH_FAILED";
        const gained = incoming.length() - before;
        if (gained >= STRETCH_BYTES) attempts = 0;
        if (!mayGoOn || gained <= 0 || attempts === CONTINUATIONS) throw thrown;
      }
    }
  };
};

/** Undefined if the signer of the hotkey does not sign: who signs nothing is a stranger, and served as one. */
const authorizationOf = async (
  request: Parameters<typeof signRequest>[0],
  signer: RequestSigner,
): Promise<string | undefined> => {
  try {
    return await signRequest(request, signer);
  } catch (thrown) {
    if (hasCode(thrown, ...UNSIGNED)) return undefined;
    throw thrown;
  }
};

const UNSIGNED = [
  "SIGNER_BUSY",
  "SIGNER_MALFORMED",
  "SIGNER_REFUSED",
  "SIGNER_TIMEOUT",
  "SIGNER_UNAUTHORIZED",
  "SIGNER_UNREACHABLE",
] as const satisfies readonly ErrorCode[];
