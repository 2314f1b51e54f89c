import { accepted, type Parsed, refused } from "#shared/protocol/parsed.js";
import { NONCE_WINDOW_MS, requestMessage } from "#shared/protocol/request.js";
import type { RequestStatement } from "../statement.js";

/** Longest path of a request. */
const MAX_PATH = 256;

/**
 * Reads the lines of a request to a blob server. Its nonce is a time, which must be near this machine's: a signature for later could be kept
 * by whoever asks. Never throws.
 */
export const readBlobRequest = (message: Uint8Array, hotkey: string, now: number): Parsed<RequestStatement> => {
  const text = Buffer.from(message).toString("latin1");
  const [domain, method = "", origin = "", path = "", author = "", nonceText = "", ...rest] = text.split("\n");
  if (domain !== "blockzero/request/1" || rest.length > 0) return refused("no request to a blob server");
  if (method !== "GET" && method !== "HEAD") return refused("a request that is neither GET nor HEAD");
  if (!URL.canParse(origin) || new URL(origin).origin !== origin || !/^https?:/.test(origin))
    return refused("a request without its server's origin");
  if (!/^\/[\x21-\x7e]*$/.test(path) || path.length > MAX_PATH) return refused("a request without a path");
  if (author !== hotkey) return refused("a request of another hotkey");
  const nonce = Number(nonceText);
  if (!Number.isSafeInteger(nonce)) return refused("a request without a nonce");
  const again = requestMessage({ method, origin, path, hotkey, nonce });
  if (Buffer.compare(again, message) !== 0) return refused("a request that is not in its form");
  if (Math.abs(nonce - now) > NONCE_WINDOW_MS)
    return refused(`a request for a time ${Math.round((nonce - now) / 1000)} s from now by the signer's clock`);
  return accepted({ kind: "request", origin });
};
