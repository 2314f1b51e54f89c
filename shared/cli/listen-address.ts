import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A parser of addresses to serve on: `127.0.0.1:8420`, `[::1]:8420`, `localhost:0`. */
export const listenAddress = (text: string): ListenAddress => {
  const [, inBrackets, plain, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = inBrackets ?? plain;
  const port = Number(digits);
  const isHost = host !== undefined && (inBrackets === undefined || isIP(inBrackets) === 6);
  if (isHost && port <= 65535) return { host, port };
  throw new InvalidArgumentError("It must be a host and a port, such as 127.0.0.1:8420 or [::1]:8420.");
};
