import { BlockList, isIP } from "node:net";

/** Special-purpose IPv4 ranges (IANA registry, RFC 6890 and successors): none contains a host on the public internet. */
const SPECIAL_V4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
] as const;

/** Special ranges within global unicast. 2002::/16 and 2001::/32 would tunnel to an IPv4 address of the sender's choice. */
const SPECIAL_V6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const special = new BlockList();
for (const [network, prefix] of SPECIAL_V4) special.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of SPECIAL_V6) special.addSubnet(network, prefix, "ipv6");

const globalV6 = new BlockList();
globalV6.addSubnet("2000::", 3, "ipv6");

/**
 * Whether an IP address belongs to a host on the public internet: not private, loopback, link-local, multicast, documentation, or (IPv6)
 * anything outside global unicast. This excludes every form that embeds an IPv4 address.
 */
export const isPublicAddress = (address: string): boolean => {
  switch (isIP(address)) {
    case 4:
      return !special.check(address, "ipv4");
    case 6:
      return globalV6.check(address, "ipv6") && !special.check(address, "ipv6");
    default:
      return false;
  }
};

/**
 * Whether an operator allows private addresses where a service elsewhere names them: `BLOCKZERO_ALLOW_PRIVATE_ADDRESSES`, as settings read their
 * variables.
 */
export const allowsPrivateAddresses = (env: Readonly<Record<string, string | undefined>>): boolean =>
  ["true", "yes", "1"].includes((env.BLOCKZERO_ALLOW_PRIVATE_ADDRESSES ?? "").toLowerCase());
