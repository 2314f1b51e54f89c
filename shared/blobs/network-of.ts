import { isIPv6 } from "node:net";

/** The network that an address stands for: of IPv4 the address itself, of IPv6 its /64, all of which a host controls. */
export const networkOf = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=[0-9.]+$)/, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
};
