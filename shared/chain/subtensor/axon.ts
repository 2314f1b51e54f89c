import { isIP } from "node:net";
import type { Axon } from "../call.js";
import { ChainRejected } from "../writer/chain-rejected.js";

/** An address as the chain stores it: a number, and the kind of address. */
export interface ChainAddress {
  readonly ip: bigint;
  readonly ipType: 4 | 6;
}

const IPV4_GROUP = 8n;
const IPV6_GROUP = 16n;

/** Throws `ChainRejected` InvalidIpAddress. */
export const encodeIp = (text: string): ChainAddress => {
  switch (isIP(text)) {
    case 4:
      return { ip: joined(text.split(".").map(Number), IPV4_GROUP), ipType: 4 };
    case 6:
      return { ip: joined(ipv6Groups(text), IPV6_GROUP), ipType: 6 };
    default:
      throw new ChainRejected("InvalidIpAddress", `${JSON.stringify(text.slice(0, 64))} is no IP address`);
  }
};

/** Null if nothing is served: the chain then stores zeros. */
export const decodeAxon = (ip: bigint, port: number, ipType: number): Axon | null => {
  if (ip === 0n || port === 0) return null;
  if (ipType === 6 || ip > 0xffff_ffffn) return { ip: ipv6Text(ip), port };
  const bytes = [24n, 16n, 8n, 0n].map((shift) => (ip >> shift) & 0xffn);
  return { ip: bytes.join("."), port };
};

const joined = (groups: readonly number[], bits: bigint): bigint =>
  groups.reduce((value, group) => (value << bits) | BigInt(group), 0n);

const ipv6Groups = (text: string): readonly number[] => {
  // A zone is valid on this host only. An IPv4 tail counts as two groups.
  const [plain] = text.split("%");
  const hex = plain!.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...tail: string[]) => {
    const [a, b, c, d] = tail.map(Number);
    return `${((a! << 8) | b!).toString(16)}:${((c! << 8) | d!).toString(16)}`;
  });
  const [head, rest] = hex.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = rest === undefined ? head! : [...head!, ...Array(8 - head!.length - rest.length).fill("0"), ...rest];
  return groups.map((group) => Number.parseInt(group, 16));
};

/** RFC 5952: lower case, the longest run of zero groups left out. */
const ipv6Text = (ip: bigint): string => {
  const groups = Array.from({ length: 8 }, (_, i) => ((ip >> BigInt(16 * (7 - i))) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
};
