/** Signs for one hotkey, without exposing its secret key. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly address: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** sr25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** A signer whose key also draws: a verifiable random function. */
export interface VrfSigner extends Signer {
  /** 96 bytes, whose first 32 are the output: it depends on key, context and message alone, and nobody else can tell it before. */
  vrf(message: Uint8Array, context: string): Uint8Array;
}
