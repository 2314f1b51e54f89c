import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import { quote } from "#shared/protocol/parsed.js";
import { publicRequest } from "./public-request.js";

/** Where a service may send its client. */
export interface Reach {
  /** The service's own origin, which the operator named: it may be anywhere. */
  readonly origin: string;
  /** Whether other origins may be on loopback and private networks. */
  readonly allowPrivateAddresses: boolean;
}

/** Redirects of one request. The Hub needs two: to a repository's new name, and to where its large files are. */
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * `fetch` that follows redirects itself. An answer may name any address as the next one: whatever is not at the service's own origin is asked
 * only at public addresses. Credentials stay with the origin that they were meant for.
 *
 * @throws BlockZeroError FETCH_REFUSED_ADDRESS; Error where there are too many redirects, and what breaks a connection
 */
export const followingFetch = async (input: string | URL, init: RequestInit, reach: Reach): Promise<Response> => {
  let url = new URL(input);
  let request: RequestInit = { ...init, headers: new Headers(init.headers) };
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(url, request, reach);
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(location, url.href)) throw new Error(`it redirects to ${quote(location)}, which is no URL`);
    const next = new URL(location, url);
    request = redirected(request, response.status, next.origin === url.origin);
    url = next;
  }
  throw new Error(`it redirects more than ${MAX_REDIRECTS} times`);
};

const send = async (url: URL, request: RequestInit, { origin, allowPrivateAddresses }: Reach): Promise<Response> => {
  if (url.origin === origin) return fetch(url, { ...request, redirect: "manual" });
  try {
    return await publicRequest(url, request, { allowPrivateAddresses });
  } catch (thrown) {
    throw hasCode(thrown, "FETCH_REFUSED_ADDRESS") ? refused(origin, url) : thrown;
  }
};

const refused = (origin: string, url: URL): BlockZeroError => {
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  return new BlockZeroError(
    "FETCH_REFUSED_ADDRESS",
    `${origin} sends its client to ${isHttp ? `${url.origin}, which is no public address` : `an address of ${quote(url.protocol)}, not http(s)`}`,
    isHttp
      ? "where both are yours set BLOCKZERO_ALLOW_PRIVATE_ADDRESSES=true; elsewhere take another source"
      : "take another source",
  );
};

/** The next request after an answer that redirects, by the rules of `fetch`. */
const redirected = (request: RequestInit, status: number, isSameOrigin: boolean): RequestInit => {
  const headers = new Headers(request.headers);
  if (!isSameOrigin) for (const name of ["authorization", "cookie"]) headers.delete(name);
  const { method = "GET" } = request;
  const becomesGet = (status === 303 && method !== "HEAD") || ((status === 301 || status === 302) && method === "POST");
  if (!becomesGet) return { ...request, headers };
  for (const name of ["content-type", "content-length", "content-encoding"]) headers.delete(name);
  return { ...request, headers, method: "GET", body: null };
};
