import { isIP } from "node:net";
import { BlockZeroError } from "#shared/errors/error.js";
import { isLocation, MAX_LOCATION_CHARS } from "#shared/protocol/location.js";
import { isPublicAddress } from "#shared/util/public-address.js";

export interface Listening {
  readonly listen: { readonly host: string; readonly public_url?: string | undefined };
  readonly allow_private_addresses: boolean;
}

/**
 * The address at which others reach this participant, from its settings. Undefined if it is the server's own address.
 *
 * @throws BlockZeroError LOCATION_INVALID if it does not fit a record, LOCATION_PRIVATE if nobody elsewhere could reach it: an error now
 *   is better than one after a cycle of training
 */
export const ownLocation = ({ listen, allow_private_addresses: allowPrivate }: Listening): string | undefined => {
  const url = listen.public_url;
  const host = url === undefined ? listen.host : new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (!allowPrivate && (host === "localhost" || (isIP(host) !== 0 && !isPublicAddress(host))))
    throw new BlockZeroError(
      "LOCATION_PRIVATE",
      `others would look for our files at ${host}, which they cannot reach`,
      "set listen.public_url to where they can, or allow_private_addresses: true on a network of one machine or LAN",
    );
  if (url === undefined) return undefined;
  const { origin } = new URL(url);
  if (isLocation(origin)) return origin;
  throw new BlockZeroError(
    "LOCATION_INVALID",
    `listen.public_url ${url} does not fit a record on chain`,
    `give an http(s) origin of at most ${MAX_LOCATION_CHARS} characters`,
  );
};
