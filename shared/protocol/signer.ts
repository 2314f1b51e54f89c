/** Signs for one hotkey, without exposing its secret key. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly address: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** sr25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}
