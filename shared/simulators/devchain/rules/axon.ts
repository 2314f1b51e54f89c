import { isIPv4 } from "node:net";
import { ensure } from "../fault.js";
import { type ChainState, uidOf, withEntry, withSubnet } from "../state.js";
import { subnetOf } from "../subnet.js";
import type { Args, Origin } from "./origin.js";

/** Addresses that nobody else could reach. 0.0.0.0 means "not serving". */
const REFUSED_IPV4: ReadonlySet<string> = new Set(["127.0.0.1", "255.255.255.255"]);
const REFUSED_IPV6: ReadonlySet<string> = new Set(["::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"]);

export const serveAxon = (
  state: ChainState,
  { netuid, ip, port }: Args<"serveAxon">,
  { signer, block }: Origin,
): ChainState => {
  ensure(
    [...state.subnets.values()].some((subnet) => uidOf(subnet, signer) !== undefined),
    "HotKeyNotRegisteredInNetwork",
    `${signer} is registered on no subnet`,
  );
  const refused = isIPv4(ip) ? REFUSED_IPV4.has(ip) : REFUSED_IPV6.has(canonicalIPv6(ip));
  ensure(!refused, "InvalidIpAddress", `${ip} is not an address at which others reach a neuron`);
  const subnet = subnetOf(state, netuid);
  const { servingRateLimit } = subnet.hyperParameters;
  const last = subnet.axons.get(signer)?.block ?? 0;
  ensure(
    servingRateLimit === 0 || last === 0 || block - last >= servingRateLimit,
    "ServingRateLimitExceeded",
    `${signer} announced its axon at block ${last}; retry at block ${last + servingRateLimit}`,
  );
  ensure(port !== 0, "InvalidPort", "port 0 is none");
  return withSubnet(state, { ...subnet, axons: withEntry(subnet.axons, signer, { ip, port, block }) });
};

/** An IPv6 address in the one spelling that a URL uses. */
const canonicalIPv6 = (ip: string): string => new URL(`http://[${ip}]`).hostname.slice(1, -1);
