import type { ApiPromise } from "@polkadot/api";
import type { SignerResult, SubmittableExtrinsic } from "@polkadot/api/types";
import type { SignerPayloadJSON } from "@polkadot/types/types";
import { u8aToHex } from "@polkadot/util";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Signer } from "#shared/protocol/signer.js";
import type { ChainCall } from "../call.js";
import type { Reception, SignedExtrinsic, WritableChain } from "../writer/extrinsic.js";
import { encodeCall } from "./calls.js";
import { readFault, receptionOf } from "./faults.js";
import type { RuntimeTraits } from "./hyper-parameters.js";
import { settlementsIn } from "./inclusion.js";
import type { Link } from "./link.js";
import type { RuntimeAt } from "./runtimes.js";
import { bare, hashSchema } from "./substrate.js";

/** Number of blocks in which a signed extrinsic may be included. A power of two. */
const ERA = 64;
/** A signature names the block at which its era begins. No fork may replace that block, so it must be final by then. */
const FORK_DEPTH = 8;

export interface WritingOptions {
  readonly link: Link;
  readonly api: ApiPromise;
  readonly runtimeAt: RuntimeAt;
  readonly traits: () => RuntimeTraits;
  /** Number of the newest block whose extrinsics were read. */
  readonly headNumber: () => number;
}

/** What is written: a call of every chain, or any call of the runtime. */
export type Written = ChainCall | SubmittableExtrinsic<"promise">;

/** Subtensor as the writer of extrinsics needs it. */
export const writableSubtensor = ({
  link,
  api,
  runtimeAt,
  traits,
  headNumber,
}: WritingOptions): WritableChain<Written> => ({
  sign: (written, nonce, signer) =>
    coded(link, async () => {
      const birth = Math.max(0, link.heads.last!.number - FORK_DEPTH);
      const [blockHash] = z.array(hashSchema).parse(await link.request("chain_getBlockHash", [[birth]]));
      const era = api.registry.createType("ExtrinsicEra", { current: birth, period: ERA });
      const extrinsic = "method" in written ? written : encodeCall(api, written, traits());
      const signed = await extrinsic.signAsync(signer.address, {
        nonce,
        era,
        blockHash: blockHash!,
        signer: payloadSigner(api, signer),
      });
      return {
        bytes: signed.toHex(),
        hash: bare(signed.hash.toHex()),
        nonce,
        lastBlock: era.asMortalEra.death(birth) - 1,
      };
    }),
  textOf: (written) =>
    "method" in written
      ? written.method.toHex()
      : JSON.stringify(written, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)),
  nextNonce: async (account) => {
    try {
      return z
        .int()
        .min(0)
        .parse(await link.request("system_accountNextIndex", [account]));
    } catch (thrown) {
      throw readFault(thrown, link.endpoint);
    }
  },
  send: async ({ bytes }): Promise<Reception> => {
    try {
      await link.request("author_submitExtrinsic", [bytes], false);
      return { status: "pool" };
    } catch (thrown) {
      return receptionOf(thrown);
    }
  },
  find: (extrinsic, since) => coded(link, () => find(link, runtimeAt, extrinsic, since)),
  headNumber,
});

/** Turns every fault into a coded error. */
const coded = async <T>(link: Link, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (thrown) {
    throw readFault(thrown, link.endpoint);
  }
};

const find = async (link: Link, runtimeAt: RuntimeAt, { hash, nonce, lastBlock }: SignedExtrinsic, since: number) => {
  const newest = link.heads.last!.number;
  const until = Math.min(newest, lastBlock ?? newest);
  for (let number = since + 1; number <= until; number++) {
    const [blockHash] = z.array(hashSchema.nullable()).parse(await link.request("chain_getBlockHash", [[number]]));
    const found = blockHash ? await settlementsIn(link, runtimeAt, { number, hash: blockHash }, new Set([hash])) : null;
    if (found === null)
      throw new BlockZeroError(
        "CHAIN_OUTCOME_UNKNOWN",
        `block ${number} is not to be had, which may hold extrinsic ${hash.slice(0, 16)} with nonce ${nonce}`,
        "look at the chain's state before writing it again",
      );
    if (found[0]) return found[0];
  }
  return undefined;
};

/** A signer in the form that `@polkadot/api` signs with. It needs the kind of signature as the first byte. */
const payloadSigner = (api: ApiPromise, signer: Signer) => ({
  signPayload: async (payload: SignerPayloadJSON): Promise<SignerResult> => {
    const { version } = payload;
    // The call without its length, as the runtime verifies it.
    const message = api.registry.createType("ExtrinsicPayload", payload, { version }).toU8a({ method: true });
    const signature = await signer.sign({ kind: "substrate-extrinsic", message });
    return { id: 0, signature: u8aToHex(Uint8Array.of(SR25519, ...signature)) };
  },
});

/** Index in `MultiSignature`. */
const SR25519 = 1;
