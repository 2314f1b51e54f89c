import type { Signer } from "./signer.js";
import { addressSchema, signatureSchema, type Verify } from "./signing.js";

/** What a hotkey signs when it sends a request to a blob server. */
export interface SignedRequest {
  /** `GET` or `HEAD`. */
  readonly method: string;
  /** The server's origin from its record on chain: a signature is valid for one server only. */
  readonly origin: string;
  /** With its leading slash, e.g. `/blob/<hash>`. */
  readonly path: string;
  readonly hotkey: string;
  /** Milliseconds since the epoch. A hotkey uses each value once. */
  readonly nonce: number;
}

/** Greatest difference between a nonce and the server's clock, in either direction. */
export const NONCE_WINDOW_MS = 60_000;

/** The signed bytes. The first line distinguishes them from everything else that a hotkey signs. */
export const requestMessage = ({ method, origin, path, hotkey, nonce }: SignedRequest): Uint8Array =>
  Buffer.from(["blockzero/request/1", method, origin, path, hotkey, nonce].join("\n"));

/** The `Authorization` header: `BlockZero <hotkey> <nonce> <signature, 128 hex digits>`. Rejects as the signer does. */
export const signRequest = async (
  request: Omit<SignedRequest, "hotkey">,
  signer: Pick<Signer, "address" | "sign">,
): Promise<string> => {
  const hotkey = signer.address;
  const signature = await signer.sign({ kind: "request", message: requestMessage({ ...request, hotkey }) });
  return `BlockZero ${hotkey} ${request.nonce} ${Buffer.from(signature).toString("hex")}`;
};

/** The content of a header before its signature is verified. */
export interface RequestClaim {
  readonly hotkey: string;
  readonly nonce: number;
  readonly signature: string;
}

/** Parses the header. Null for any other form. Does not verify the signature. */
export const parseRequestHeader = (header: string): RequestClaim | null => {
  if (header.length > 256) return null;
  const [scheme, hotkey = "", nonce = "", signature = "", ...rest] = header.split(" ");
  if (scheme !== "BlockZero" || rest.length > 0 || !/^[1-9][0-9]{0,14}$/.test(nonce)) return null;
  if (!addressSchema.safeParse(hotkey).success || !signatureSchema.safeParse(signature).success) return null;
  return { hotkey, nonce: Number(nonce), signature };
};

/** Whether the claim's hotkey signed this request. False if the verifier throws. */
export const isRequestSigned = (
  { hotkey, nonce, signature }: RequestClaim,
  request: Pick<SignedRequest, "method" | "origin" | "path">,
  verify: Verify,
): boolean => {
  try {
    return verify(requestMessage({ ...request, hotkey, nonce }), Buffer.from(signature, "hex"), hotkey);
  } catch {
    return false;
  }
};

/**
 * Milliseconds of the clock, never the same value twice. A clock that was ahead by more than servers allow for, and is set back, starts anew: values
 * that go on from there would be refused until the clock is there again. No server with the right time took them.
 */
export const requestNonces = (now: () => number = Date.now): (() => number) => {
  let last = 0;
  return () => {
    const time = now();
    last = last - time > NONCE_WINDOW_MS ? time : Math.max(time, last + 1);
    return last;
  };
};
