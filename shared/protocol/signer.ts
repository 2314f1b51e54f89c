/** Signs for one hotkey; the secret stays behind it. */
export interface Signer {
  /** SS58, prefix 42. */
  readonly address: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** sr25519, 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}
