import type { Signer } from "./signer.js";
import { addressSchema, signatureSchema, type Verify } from "./signing.js";

/** What a hotkey signs when it asks a blob server for something. */
export interface SignedRequest {
  /** `GET` or `HEAD`. */
  readonly method: string;
  /** The server's origin as its record on chain names it: a signature is good for one server only. */
  readonly origin: string;
  /** With its leading slash, e.g. `/blob/<hash>`. */
  readonly path: string;
  readonly hotkey: string;
  /** Milliseconds since the epoch; a hotkey uses each once. */
  readonly nonce: number;
}

/** How far a nonce may lie from the server's clock, either way. */
export const NONCE_WINDOW_MS = 60_000;

/** The signed bytes. The first line keeps them apart from everything else that a hotkey signs. */
export const requestMessage = ({ method, origin, path, hotkey, nonce }: SignedRequest): Uint8Array =>
  Buffer.from(["blockzero/request/1", method, origin, path, hotkey, nonce].join("\n"));

/** The `Authorization` header: `BlockZero <hotkey> <nonce> <signature, 128 hex digits>`. */
export const signRequest = (
  request: Omit<SignedRequest, "hotkey">,
  { address: hotkey, sign }: Pick<Signer, "address" | "sign">,
): string => {
  const signature = Buffer.from(sign(requestMessage({ ...request, hotkey }))).toString("hex");
  return `BlockZero ${hotkey} ${request.nonce} ${signature}`;
};

/** Whose signature a header claims to bear. */
export interface RequestClaim {
  readonly hotkey: string;
  readonly nonce: number;
  readonly signature: string;
}

/** Reads the header's form; null for any other. Says nothing of whether the signature holds. */
export const parseRequestHeader = (header: string): RequestClaim | null => {
  if (header.length > 256) return null;
  const [scheme, hotkey = "", nonce = "", signature = "", ...rest] = header.split(" ");
  if (scheme !== "BlockZero" || rest.length > 0 || !/^[1-9][0-9]{0,14}$/.test(nonce)) return null;
  if (!addressSchema.safeParse(hotkey).success || !signatureSchema.safeParse(signature).success) return null;
  return { hotkey, nonce: Number(nonce), signature };
};

/** Whether the claim's hotkey signed this request. A verifier that throws has not verified. */
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

/** Milliseconds of the clock, never the same twice. */
export const requestNonces = (now: () => number = Date.now): (() => number) => {
  let last = 0;
  return () => {
    last = Math.max(now(), last + 1);
    return last;
  };
};
