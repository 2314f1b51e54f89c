import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { BlockZeroError } from "#shared/errors/error.js";
import { giveWay } from "../give-way.js";
import { openPieces } from "../pieces/piece-reader.js";
import { openPackTokenizer } from "../tokenizer.js";
import { type DocumentAt, type EncodedShard, encodeShardOf } from "./encode-shard.js";
import type { EncodeAnswer, EncodeWorkerData } from "./encode-worker.js";

/** Makes shards, one at a time. */
interface Encoder {
  encode(documents: readonly DocumentAt[]): Promise<EncodedShard | null>;
  close(): Promise<void>;
}

const inProcess = ({ folder, tokenizer: name }: EncodeWorkerData, signal: AbortSignal): Encoder => {
  const pieces = openPieces(folder);
  const tokenizer = openPackTokenizer(name);
  return {
    encode: (documents) => encodeShardOf(pieces, documents, tokenizer, () => giveWay(signal)),
    close: async () => pieces.close(),
  };
};

const inThread = (workerData: EncodeWorkerData): Encoder => {
  const worker = new Worker(new URL("./encode-worker.js", import.meta.url), { workerData });
  return {
    encode: async (documents) => {
      worker.postMessage(documents);
      const [answer] = (await once(worker, "message")) as [EncodeAnswer];
      if ("encoded" in answer) return answer.encoded;
      const { code, message, hint } = answer.fault;
      throw new BlockZeroError(code, message, hint);
    },
    close: async () => void (await worker.terminate()),
  };
};

/**
 * Makes shards in so many threads at once; in this one where it is one. `use` gets each with its number, in no order. When one fails, or the signal
 * aborts, no other is begun, and nothing runs any more when this rejects.
 */
export const encodeShards = async (
  data: EncodeWorkerData & { readonly threads: number; readonly signal: AbortSignal },
  shards: Iterable<readonly [number, readonly DocumentAt[]]>,
  use: (number: number, encoded: EncodedShard | null) => Promise<void>,
): Promise<void> => {
  const { folder, tokenizer, threads, signal } = data;
  const queue = shards[Symbol.iterator]();
  const failures: unknown[] = [];
  const fail = (thrown: unknown) => void failures.push(thrown);
  const work = async (): Promise<void> => {
    const encoder = threads === 1 ? inProcess({ folder, tokenizer }, signal) : inThread({ folder, tokenizer });
    try {
      for (let next = queue.next(); failures.length === 0 && !next.done; next = queue.next()) {
        signal.throwIfAborted();
        const [number, documents] = next.value;
        await use(number, await encoder.encode(documents));
      }
    } catch (thrown) {
      fail(thrown);
    } finally {
      await encoder.close();
    }
  };
  await Promise.all(Array.from({ length: threads }, () => work().catch(fail)));
  if (failures.length > 0) throw failures[0];
};
