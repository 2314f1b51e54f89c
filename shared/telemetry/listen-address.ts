import { isIP } from "node:net";

/** The value of `metrics.listen` that serves nothing. */
export const OFF = "off";

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port` or `port`, which is of 127.0.0.1. Null for anything else. */
export const parseListenAddress = (text: string): ListenAddress | null => {
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):)?(\d{1,5})$/i.exec(text.trim());
  if (match === null) return null;
  const [, inBrackets, plain, digits] = match;
  const port = Number(digits);
  if (port > 65535 || (inBrackets !== undefined && isIP(inBrackets) !== 6)) return null;
  return { host: inBrackets ?? plain ?? "127.0.0.1", port };
};

/** Whether only this machine can connect to it. */
export const isLoopback = (host: string): boolean => /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);
