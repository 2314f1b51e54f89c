import { isLoopback } from "#shared/telemetry/listen-address.js";

/** Where a signer listens, as `wallet.signer` and the signer's own `listen` name it. */
export type SignerAddress =
  /** A Unix socket, by its absolute path. */
  | { readonly transport: "unix"; readonly path: string }
  /** HTTP over TLS, or without on this machine alone. */
  | { readonly transport: "https" | "http"; readonly host: string; readonly port: number };

/** What is allowed, in words. */
export const SIGNER_ADDRESS_FORMS =
  "unix:///path/of/a/socket, https://host:port, or on this machine http://127.0.0.1:port";

/** Longest path of a Unix socket on all systems, in bytes. */
const MAX_SOCKET_PATH = 103;

/** Null for anything else: plain HTTP to another machine would show the token to everybody on the way. */
export const parseSignerAddress = (text: string): SignerAddress | null => {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix://".length);
    const isPath = text.startsWith("unix:///") && !path.endsWith("/") && !path.includes("\0");
    return isPath && Buffer.byteLength(path) <= MAX_SOCKET_PATH ? { transport: "unix", path } : null;
  }
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, port, origin, href } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return null;
  if (href !== `${origin}/` || hostname === "") return null;
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol === "http:" && !isLoopback(host)) return null;
  const standard = protocol === "https:" ? 443 : 80;
  return { transport: protocol === "https:" ? "https" : "http", host, port: port === "" ? standard : Number(port) };
};

/** The address as text. */
export const showSignerAddress = (address: SignerAddress): string =>
  address.transport === "unix"
    ? `unix://${address.path}`
    : `${address.transport}://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
