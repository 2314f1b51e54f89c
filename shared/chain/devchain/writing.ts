import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ChainCall } from "../call.js";
import type { ChainConnection } from "../connection/connection.js";
import { RpcError } from "../connection/rpc-socket.js";
import { ChainRejected } from "../writer/chain-rejected.js";
import type { Reception, Settlement, SignedExtrinsic, WritableChain } from "../writer/extrinsic.js";
import type { RejectionReason } from "../writer/rejection-hints.js";
import { type Call, callSchema } from "./calls.js";
import { extrinsicHash, signExtrinsic } from "./extrinsic.js";
import * as wire from "./wire.js";

/** After this many blocks a node may have forgotten the outcome of an extrinsic. */
const MEMORY_BLOCKS = 4096;

/** The devchain as the writer of extrinsics needs it. */
export const writableDevChain = ({
  line,
  nextNonce,
}: {
  readonly line: ChainConnection;
  readonly nextNonce: WritableChain<Call>["nextNonce"];
}): WritableChain<Call> => {
  const headNumber = () => line.heads.last?.number ?? 0;
  return {
    sign: async (call, nonce, signer) => {
      const extrinsic = await signExtrinsic(line.genesisHash, nonce, call, signer);
      return { bytes: JSON.stringify(extrinsic), hash: extrinsicHash(extrinsic), nonce };
    },
    textOf: (call) => JSON.stringify(call),
    nextNonce,
    send: (extrinsic) => submitTo(line, extrinsic),
    // A node reports the state of an extrinsic that is sent again. If it does not, it has forgotten the extrinsic, or never had it.
    find: async (extrinsic, since) => {
      if (headNumber() - since < MEMORY_BLOCKS) return undefined;
      throw outcomeUnknown(extrinsic, since);
    },
    headNumber,
  };
};

export const settlementOf = ({ hash, block, blockHash, error }: wire.WireReceipt): Settlement => ({
  hash,
  block,
  blockHash,
  error: error && new ChainRejected(error.reason, error.message),
});

/** Amounts are sent as decimal digits. */
export const encodeCall = ({ name, args }: ChainCall): Call =>
  checkedCall({ name, args: "amount" in args ? { ...args, amount: String(args.amount) } : args });

/** @throws ChainRejected Malformed */
export const checkedCall = (call: unknown): Call => {
  const parsed = callSchema.safeParse(call);
  if (!parsed.success) throw new ChainRejected("Malformed", z.prettifyError(parsed.error).slice(0, 500));
  return parsed.data;
};

const STALE: RejectionReason = "Stale";

/** Rejections that may pass with time. */
const PASSING: ReadonlySet<string> = new Set<RejectionReason>(["Future", "PoolFull", "TooManyPending"]);

const submitTo = async (line: ChainConnection, extrinsic: SignedExtrinsic): Promise<Reception> => {
  try {
    const submission = await line.request("author_submit", [JSON.parse(extrinsic.bytes)], false);
    const parsed = wire.submissionSchema.parse(submission);
    return parsed.status === "pool" ? parsed : { status: "included", ...settlementOf(parsed) };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { reason = `code ${error.code}`, message } = error;
    if (PASSING.has(reason)) return { status: "later" };
    if (reason === STALE) return { status: "dead", isTaken: true };
    return { status: "refused", error: new ChainRejected(reason, message) };
  }
};

const outcomeUnknown = ({ hash, nonce }: SignedExtrinsic, since: number): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_OUTCOME_UNKNOWN",
    `the fate of extrinsic ${hash.slice(0, 16)} with nonce ${nonce}, signed at block ${since}, is forgotten`,
    "look at the chain's state before writing it again",
  );
