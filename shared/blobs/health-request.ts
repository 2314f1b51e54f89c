import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { withDeadline } from "#shared/util/deadline.js";
import { withSignals } from "#shared/util/join-signals.js";
import { addressesOf, checkedLookup, fault, parseOrigin, type RequestLimits } from "./blob-request.js";

/** How a blob server answers `GET /health`. */
export interface HealthAnswer {
  /** HTTP status. */
  readonly status: number;
  /** Its clock, milliseconds since the epoch, whole seconds. Null if it sends no date. */
  readonly date: number | null;
}

const ANSWER_MS = 5_000;

/**
 * Asks a blob server how it is. Connects only to addresses that are allowed, and reads nothing but status and date.
 *
 * @param location an http(s) origin
 * @param answerMs longest wait for an answer, milliseconds
 * @throws BlockZeroError FETCH_REFUSED_ADDRESS, FETCH_TIMEOUT, FETCH_FAILED; the signal's reason
 */
export const askHealth = async (
  location: string,
  limits: RequestLimits,
  signal: AbortSignal,
  answerMs = ANSWER_MS,
): Promise<HealthAnswer> => {
  const origin = parseOrigin(location, limits);
  const late = () => fault("FETCH_TIMEOUT", `${origin.origin} does not answer within ${answerMs / 1000} s`, HINT);
  return withDeadline(answerMs, late, async (over) => {
    const addresses = await addressesOf(origin, limits).catch((thrown: unknown) => {
      throw fault("FETCH_FAILED", `${origin.origin}: ${reasonOf(thrown)}`, HINT);
    });
    const { allowPrivateAddresses } = limits;
    const lookup = checkedLookup({ addresses, allowPrivateAddresses });
    return withSignals([signal, over], (either) => ask(origin, lookup, either));
  });
};

const HINT = "its server may be down, or a firewall between";

const ask = (origin: URL, lookup: ReturnType<typeof checkedLookup>, signal: AbortSignal): Promise<HealthAnswer> =>
  new Promise((resolve, reject) => {
    const send = origin.protocol === "https:" ? httpsRequest : httpRequest;
    const settings = { agent: false, lookup, signal, maxHeaderSize: 8192 } as const;
    const failed = (reason: string) => reject(fault("FETCH_FAILED", `${origin.origin}: ${reason}`, HINT));
    const request = send(new URL("/health", origin), settings, (response: IncomingMessage) => {
      const date = Date.parse(response.headers.date ?? "");
      response.destroy();
      resolve({ status: response.statusCode ?? 0, date: Number.isNaN(date) ? null : date });
    });
    request.on("error", (error) => {
      if (signal.aborted) reject(signal.reason);
      else if (error instanceof BlockZeroError) reject(error);
      else failed(reasonOf(error));
    });
    request.on("close", () => failed("it ended the request without an answer"));
    request.end();
  });
