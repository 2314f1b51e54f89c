import { isIP } from "node:net";

/**
 * Whether a request's Host header names this server: an address, `localhost`, or one of `names`. A page of another website whose name its owner lets
 * point here would otherwise read what only this machine may see (DNS rebinding).
 *
 * @param header undefined where a request has none, as HTTP/1.0 allows: then it is no browser's
 * @param names  in any case, without a port
 */
export const isOwnHost = (header: string | undefined, names: readonly string[]): boolean => {
  if (header === undefined) return true;
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(header.trim().toLowerCase());
  if (match === null) return false;
  const [, inBrackets, plain = ""] = match;
  if (inBrackets !== undefined) return isIP(inBrackets) === 6;
  const name = plain.replace(/\.$/, "");
  return isIP(name) === 4 || name === "localhost" || names.some((own) => own.toLowerCase() === name);
};
