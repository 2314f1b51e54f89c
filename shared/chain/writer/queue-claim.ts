import type { KeyClaim, KeyClaims, Unsettled } from "./key-lock.js";

/** Greatest age in blocks of an extrinsic from before a crash that is adopted when the same call is requested again. */
export const ADOPTED_BLOCKS = 64;

/** A queue's claim on its key, from the first signing until nothing is open, and the extrinsics that earlier holders left without an outcome. */
export class QueueClaim {
  #claim: KeyClaim | undefined;
  #left: readonly Unsettled[] = [];

  /** @param claims undefined if no other process has the key */
  constructor(
    private readonly address: string,
    private readonly claims: KeyClaims | undefined,
  ) {}

  /** Waits for its turn. @param head number of the newest block */
  async take(head: () => number, signal: AbortSignal): Promise<void> {
    if (this.#claim || !this.claims) return;
    this.#claim = await this.claims.claim(this.address, signal);
    const oldest = head() - ADOPTED_BLOCKS;
    this.#left = this.#claim.unsettled.filter(({ signedAt }) => signedAt >= oldest);
  }

  /**
   * @returns the extrinsic that was left for this call, last, after those that were left with the nonces before it. Empty if one of these
   * nonces is missing.
   */
  async adopt(text: string, nextNonce: () => Promise<number>): Promise<readonly Unsettled[]> {
    const known = this.#left.find((other) => other.text === text);
    if (!known) return [];
    const next = await nextNonce();
    const before = this.#left.filter(({ extrinsic: { nonce } }) => nonce >= next && nonce < known.extrinsic.nonce);
    // If an earlier nonce is missing, the extrinsic would wait forever.
    if (before.length < known.extrinsic.nonce - next) return [];
    this.#left = this.#left.filter((other) => other !== known && !before.includes(other));
    return [...before, known];
  }

  /** Durable when it returns. @param open the extrinsics that this process has signed */
  record(open: readonly Unsettled[]): void {
    this.#claim?.record([...this.#left, ...open]);
  }

  /** Lets other processes write with the key. */
  release(): void {
    this.#claim?.release();
    this.#claim = undefined;
  }
}
