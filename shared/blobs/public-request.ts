import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { addressesOf, checkedLookup, parseOrigin, type RequestLimits } from "./blob-request.js";
import { bodyBytes } from "./body-bytes.js";

/** Statuses whose answers have no body. */
export const NO_BODY = new Set([204, 205, 304]);

/**
 * One request to an address that somebody else named, as a peer's is asked: its name is resolved once, every address is checked, and exactly
 * these are connected to. It follows no redirect.
 *
 * @throws BlockZeroError FETCH_REFUSED_ADDRESS; what breaks a connection
 */
export const publicRequest = async (url: URL, init: RequestInit, limits: RequestLimits): Promise<Response> => {
  const origin = parseOrigin(url.origin, limits);
  const { allowPrivateAddresses } = limits;
  const lookup = checkedLookup({ addresses: await addressesOf(origin, limits), allowPrivateAddresses });
  const { method = "GET", body, signal } = init;
  const headers = new Headers(init.headers);
  headers.set("accept-encoding", "identity");
  if (body) headers.set("content-length", String(bodyBytes(body)));
  const settings = { agent: false, lookup, method, maxHeaderSize: 16_384, ...(signal && { signal }) };
  return answerTo(url, { ...settings, headers: Object.fromEntries(headers) }, body ?? null);
};

const answerTo = (
  url: URL,
  settings: RequestOptions,
  body: NonNullable<RequestInit["body"]> | null,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send(url, settings, (message) => {
      try {
        resolve(responseOf(message));
      } catch (thrown) {
        message.destroy();
        reject(thrown);
      }
    });
    request.on("error", reject);
    // A protocol change (101) emits neither a response nor an error.
    request.on("close", () => reject(new Error("it ended the request without an answer")));
    const { body: sent } = new Response(body);
    if (sent === null) request.end();
    else pipeline(Readable.fromWeb(sent), request).catch(reject);
  });

/** @throws RangeError, TypeError for a status or a header that no answer has */
const responseOf = (message: IncomingMessage): Response => {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = message;
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  return new Response(NO_BODY.has(status) ? null : bodyOf(message), { status, statusText, headers });
};

/** Reads nothing before it is asked to. */
const bodyOf = (message: IncomingMessage): ReadableStream<Uint8Array> => {
  // Whoever reads hears of it; nobody may.
  message.on("error", () => {});
  const pieces: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void message.destroy(),
    },
    { highWaterMark: 0 },
  );
};
