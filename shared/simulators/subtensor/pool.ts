import type { TypeRegistry } from "@polkadot/types";
import type { TransactionValidityError } from "@polkadot/types/interfaces";
import { hexToU8a, u8aConcat } from "@polkadot/util";
import { blake2AsHex } from "@polkadot/util-crypto";
import type { Hex } from "./executor.js";

/** The status of an extrinsic, in the terms of `author_submitAndWatchExtrinsic`. */
export type PoolStatus = "ready" | "future" | "invalid" | { readonly inBlock: Hex } | { readonly finalized: Hex };

export interface Pooled {
  readonly hash: Hex;
  readonly bytes: Hex;
  /** Account id. */
  readonly signer: Hex;
  readonly nonce: number;
  readonly watchers: Set<(status: PoolStatus) => void>;
}

/** A refusal with Substrate's code. */
export class RpcFault extends Error {
  override readonly name = "RpcFault";

  constructor(
    readonly code: number,
    message: string,
    readonly data?: string,
  ) {
    super(message);
  }
}

const MAX_POOL = 8192;
const BYTES_A_BLOCK = 3 << 20;

/** Signed extrinsics that wait for a block. */
export class Pool {
  readonly #byHash = new Map<Hex, Pooled>();

  get size(): number {
    return this.#byHash.size;
  }

  get all(): readonly Pooled[] {
    return [...this.#byHash.values()];
  }

  /** Throws `RpcFault` if it need not be validated: it is already known, or its nonce is taken. */
  admit(pooled: Pick<Pooled, "hash" | "signer" | "nonce">): void {
    if (this.#byHash.has(pooled.hash)) throw new RpcFault(1013, "Transaction Already Imported", `"${pooled.hash}"`);
    if (this.#byHash.size >= MAX_POOL)
      throw new RpcFault(1016, "Immediately Dropped", "The transaction couldn't enter the pool because of the limit");
    for (const other of this.#byHash.values())
      if (other.signer === pooled.signer && other.nonce === pooled.nonce)
        throw new RpcFault(
          1014,
          "Priority is too low: (0 vs 0)",
          "The transaction has too low priority to replace another",
        );
  }

  add(pooled: Pooled): void {
    this.#byHash.set(pooled.hash, pooled);
  }

  get(hash: Hex): Pooled | undefined {
    return this.#byHash.get(hash);
  }

  remove(pooled: Pooled): void {
    this.#byHash.delete(pooled.hash);
  }

  /** The extrinsics for the next block: of each signer those with consecutive nonces, in order of arrival. */
  ready(nonceOf: (signer: Hex) => number): readonly Pooled[] {
    const next = new Map<Hex, number>();
    const taken: Pooled[] = [];
    const left = new Set(this.#byHash.values());
    let bytes = 0;
    for (let found = true; found; ) {
      found = false;
      for (const pooled of left) {
        const nonce = next.get(pooled.signer) ?? nonceOf(pooled.signer);
        if (pooled.nonce !== nonce) continue;
        bytes += pooled.bytes.length / 2;
        if (bytes > BYTES_A_BLOCK) return taken;
        next.set(pooled.signer, nonce + 1);
        taken.push(pooled);
        left.delete(pooled);
        found = true;
      }
    }
    return taken;
  }

  /** The account's next nonce, counting the waiting extrinsics. */
  nextNonce(signer: Hex, stored: number): number {
    const waiting = new Set(this.all.filter((pooled) => pooled.signer === signer).map(({ nonce }) => nonce));
    let nonce = stored;
    while (waiting.has(nonce)) nonce++;
    return nonce;
  }
}

/** Decodes signer and nonce. Throws `RpcFault` if it is not a signed extrinsic of the runtime. */
export const decodeExtrinsic = (registry: TypeRegistry, bytes: Hex): Pooled => {
  try {
    const extrinsic = registry.createType("Extrinsic", hexToU8a(bytes));
    if (!extrinsic.isSigned) throw new TypeError("it is not signed");
    return {
      hash: blake2AsHex(hexToU8a(bytes)),
      bytes,
      signer: registry.createType("AccountId", extrinsic.signer.toString()).toHex(),
      nonce: extrinsic.nonce.toNumber(),
      watchers: new Set(),
    };
  } catch {
    throw new RpcFault(1002, "Verification Error: Runtime error: Execution failed", "the extrinsic cannot be decoded");
  }
};

/** Arguments of `TaggedTransactionQueue_validate_transaction`: an external transaction, validated on a block. */
export const validationArgument = (bytes: Hex, parent: Hex): Uint8Array =>
  u8aConcat(new Uint8Array([2]), hexToU8a(bytes), hexToU8a(parent));

const REASONS: Readonly<Record<string, string>> = {
  Call: "Transaction call is not expected",
  Payment: "Inability to pay some fees (e.g. account balance too low)",
  Future: "Transaction will be valid in the future",
  Stale: "Transaction is outdated",
  BadProof: "Transaction has a bad signature",
  AncientBirthBlock: "Transaction has an ancient birth block",
  ExhaustsResources: "Transaction would exhaust the block limits",
};

/** A node's answer to an invalid extrinsic. */
export const invalidity = (registry: TypeRegistry, error: Uint8Array): RpcFault => {
  const validity = registry.createType<TransactionValidityError>("TransactionValidityError", error);
  if (!validity.isInvalid) return new RpcFault(1011, "Unknown Transaction Validity", validity.type);
  const { asInvalid } = validity;
  const reason = asInvalid.isCustom
    ? `Custom error: ${asInvalid.asCustom}`
    : (REASONS[asInvalid.type] ?? asInvalid.type);
  return new RpcFault(1010, "Invalid Transaction", reason);
};
