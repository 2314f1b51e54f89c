import { InvalidArgumentError } from "commander";
import { type ListenAddress, parseListenAddress } from "#shared/telemetry/listen-address.js";

/** A parser of addresses to serve on: `127.0.0.1:8420`, `[::1]:8420`, `localhost:0`, `8420`. */
export const listenAddress = (text: string): ListenAddress => {
  const address = parseListenAddress(text);
  if (address !== null) return address;
  throw new InvalidArgumentError("It must be a host and a port, such as 127.0.0.1:8420 or [::1]:8420.");
};
