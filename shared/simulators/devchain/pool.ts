import { z } from "zod";
import {
  EXTRINSIC_BYTES,
  type Extrinsic,
  extrinsicHash,
  extrinsicSchema,
  isSignatureValid,
} from "#shared/chain/devchain/extrinsic.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { nonceOf } from "./apply.js";
import { ensure, Fault } from "./fault.js";
import type { ChainState } from "./state.js";

export const POOL_SIZE = 4096;
export const POOL_PER_SIGNER = 64;
export const BLOCK_EXTRINSICS = 1024;

/** Parses an untrusted extrinsic. Throws `Fault` Malformed, ExtrinsicTooLarge. */
export const parseExtrinsic = (raw: unknown): Extrinsic => {
  const parsed = extrinsicSchema.safeParse(raw);
  if (!parsed.success) throw new Fault("Malformed", z.prettifyError(parsed.error).slice(0, 500));
  ensure(
    canonicalBytes(parsed.data).length <= EXTRINSIC_BYTES,
    "ExtrinsicTooLarge",
    `an extrinsic is at most ${EXTRINSIC_BYTES} bytes`,
  );
  return parsed.data;
};

/** Extrinsics that wait for a block. All of them are valid on top of the head, in their order. */
export class Pool {
  readonly #waiting = new Map<string, Extrinsic>();
  readonly #bySigner = new Map<string, number>();

  has(hash: string): boolean {
    return this.#waiting.has(hash);
  }

  /** The nonce of an account's next extrinsic, counting the waiting ones. */
  nextNonce(state: ChainState, account: string): number {
    return nonceOf(state, account) + (this.#bySigner.get(account) ?? 0);
  }

  /** Throws `Fault` BadGenesis, Stale, Future, TooManyPending, PoolFull, BadProof; Stale and Future as in Substrate. */
  add(state: ChainState, extrinsic: Extrinsic): void {
    const { signer, nonce } = extrinsic;
    const next = this.nextNonce(state, signer);
    ensure(extrinsic.genesis === state.genesisHash, "BadGenesis", `signed for chain ${extrinsic.genesis.slice(0, 16)}`);
    ensure(nonce >= next, "Stale", `nonce ${nonce} of ${signer} is spent; the next is ${next}`);
    ensure(nonce === next, "Future", `nonce ${nonce} of ${signer} is not due; the next is ${next}`);
    const pending = this.#bySigner.get(signer) ?? 0;
    ensure(pending < POOL_PER_SIGNER, "TooManyPending", `${signer} has ${pending} extrinsics waiting`);
    ensure(this.#waiting.size < POOL_SIZE, "PoolFull", `${POOL_SIZE} extrinsics wait`);
    ensure(isSignatureValid(extrinsic), "BadProof", `the signature is not that of ${signer}`);
    this.#wait(extrinsic);
  }

  #wait(extrinsic: Extrinsic): void {
    this.#waiting.set(extrinsicHash(extrinsic), extrinsic);
    this.#bySigner.set(extrinsic.signer, (this.#bySigner.get(extrinsic.signer) ?? 0) + 1);
  }

  /** The extrinsics of the next block, oldest first. They stay until `drop`. */
  next(): readonly Extrinsic[] {
    return [...this.#waiting.values()].slice(0, BLOCK_EXTRINSICS);
  }

  /** The extrinsics of a reverted block wait again, before all later ones. */
  restore(extrinsics: readonly Extrinsic[]): void {
    const later = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#bySigner.clear();
    for (const extrinsic of [...extrinsics, ...later]) this.#wait(extrinsic);
  }

  /** Removes all waiting extrinsics of these signers: without the lost ones before them, no block could hold them. */
  forget(signers: ReadonlySet<string>): void {
    this.drop([...this.#waiting.values()].filter(({ signer }) => signers.has(signer)));
  }

  drop(extrinsics: readonly Extrinsic[]): void {
    for (const extrinsic of extrinsics) {
      if (!this.#waiting.delete(extrinsicHash(extrinsic))) continue;
      const left = (this.#bySigner.get(extrinsic.signer) ?? 0) - 1;
      if (left > 0) this.#bySigner.set(extrinsic.signer, left);
      else this.#bySigner.delete(extrinsic.signer);
    }
  }
}
