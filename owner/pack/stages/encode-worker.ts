import { parentPort, workerData } from "node:worker_threads";
import type { BlockZeroError } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import { openPieces } from "../pieces/piece-reader.js";
import { openPackTokenizer } from "../tokenizer.js";
import { type DocumentAt, type EncodedShard, encodeShardOf } from "./encode-shard.js";

/** What a thread is started with. */
export interface EncodeWorkerData {
  readonly folder: string;
  readonly tokenizer: string;
}

/** A shard, or the fault that it ended in: between threads an error would become a plain one. */
export type EncodeAnswer =
  | { readonly encoded: EncodedShard | null }
  | { readonly fault: Pick<BlockZeroError, "code" | "message" | "hint"> };

const { folder, tokenizer: name }: EncodeWorkerData = workerData;
const open = () => ({ pieces: openPieces(folder), tokenizer: openPackTokenizer(name) });
let opened: ReturnType<typeof open> | undefined;

const answerTo = async (documents: readonly DocumentAt[]): Promise<EncodeAnswer> => {
  try {
    opened ??= open();
    return { encoded: await encodeShardOf(opened.pieces, documents, opened.tokenizer) };
  } catch (thrown) {
    const expected = expectedFault(thrown);
    // Any other error ends the thread.
    if (!expected) throw thrown;
    const { code, message, hint } = expected;
    return { fault: { code, message, hint } };
  }
};

parentPort!.on("message", async (documents: readonly DocumentAt[]) => {
  parentPort!.postMessage(await answerTo(documents));
});
