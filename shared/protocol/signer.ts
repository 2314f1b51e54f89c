/**
 * What a hotkey is asked to sign. The kind says how the bytes are to be read, so that a signer elsewhere can decode them and need not trust
 * who asks.
 */
export type SigningRequest =
  /** Subtensor's signing payload as SCALE: call, signed extensions and what they add. Not hashed, whatever its length. */
  | { readonly kind: "substrate-extrinsic"; readonly message: Uint8Array; readonly purpose?: Purpose | undefined }
  /** The devchain's signing payload as canonical JSON. */
  | { readonly kind: "devchain-extrinsic"; readonly message: Uint8Array; readonly purpose?: Purpose | undefined }
  /** A document without its signature, as canonical JSON. */
  | { readonly kind: "document"; readonly message: Uint8Array }
  /** A request to a blob server, as lines (`requestMessage`). */
  | { readonly kind: "request"; readonly message: Uint8Array };

/** What an extrinsic is for, where its bytes do not say so: weights name no cycle. One value is signed for each purpose. */
export interface Purpose {
  /** First 8 hex digits of the network's hash. */
  readonly network: string;
  readonly cycle: number;
  /** What is written, e.g. `weights`, or `weights again <commitment>`. */
  readonly write: string;
}

/** Signs for one hotkey, without exposing its secret key. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly address: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** sr25519, 64 bytes. Rejects with a coded error if the key is elsewhere and its signer refuses, or cannot be asked. */
  sign(request: SigningRequest): Promise<Uint8Array>;
}

/** A signer whose key also draws: a verifiable random function. */
export interface VrfSigner extends Signer {
  /**
   * 96 bytes, whose first 32 are the output: it depends on key, context and message alone, and nobody else can tell it before. Rejects with a coded
   * error if the key is elsewhere and its signer refuses, or cannot be asked.
   */
  vrf(message: Uint8Array, context: string): Uint8Array | Promise<Uint8Array>;
}

/** The draws that a signer elsewhere gives: those of duty. Their message is of so many bytes. */
export const DUTY_CONTEXT = "blockzero/duty/1";
export const DUTY_MESSAGE_BYTES = 128;

/** A key that this process holds. */
export interface LocalKey extends VrfSigner {
  vrf(message: Uint8Array, context: string): Uint8Array;
  /** sr25519 over bytes of any kind, 64 bytes. */
  signBytes(message: Uint8Array): Uint8Array;
}

/** The same key; its extrinsics are for `purpose`. */
export const signingFor = (signer: Signer, purpose: Purpose): Signer => ({
  address: signer.address,
  publicKey: signer.publicKey,
  sign: (request) =>
    signer.sign(request.kind === "document" || request.kind === "request" ? request : { ...request, purpose }),
});
