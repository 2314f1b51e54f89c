import type { KeyClaim, KeyClaims, Unsettled } from "./key-lock.js";

/** A call that is asked for again after a crash is the one signed before it, if that is so recent. */
export const ADOPTED_BLOCKS = 64;

/** A lane's hold on its key, from the first signing until nothing is open, and what earlier holders signed and did not learn the fate of. */
export class QueueClaim {
  #claim: KeyClaim | undefined;
  #left: readonly Unsettled[] = [];

  /** @param claims undefined where no process but this one has the key */
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

  /** @returns what was left for this call, last, after what was left with the nonces before it; nothing where one of those is missing */
  async adopt(text: string, nextNonce: () => Promise<number>): Promise<readonly Unsettled[]> {
    const known = this.#left.find((other) => other.text === text);
    if (!known) return [];
    const next = await nextNonce();
    const before = this.#left.filter(({ extrinsic: { nonce } }) => nonce >= next && nonce < known.extrinsic.nonce);
    // With a nonce missing before it, it would wait for ever.
    if (before.length < known.extrinsic.nonce - next) return [];
    this.#left = this.#left.filter((other) => other !== known && !before.includes(other));
    return [...before, known];
  }

  /** Durable when it returns. @param open what this process has signed */
  record(open: readonly Unsettled[]): void {
    this.#claim?.record([...this.#left, ...open]);
  }

  /** Lets other processes write with the key. */
  release(): void {
    this.#claim?.release();
    this.#claim = undefined;
  }
}
