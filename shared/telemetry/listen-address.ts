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
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text.trim());
  if (match === null) return null;
  const port = Number(match[3]);
  return port > 65535 ? null : { host: match[1] ?? match[2] ?? "127.0.0.1", port };
};

/** Whether only this machine can connect to it. */
export const isLoopback = (host: string): boolean => /^(127(\.\d{1,3}){3}|::1|localhost)$/.test(host);
