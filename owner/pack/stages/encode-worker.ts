import { parentPort, workerData } from "node:worker_threads";
import { openPieces } from "../pieces/piece-reader.js";
import { openPackTokenizer } from "../tokenizer.js";
import { type DocumentAt, encodeShardOf } from "./encode-shard.js";

/** What a thread is started with. */
export interface EncodeWorkerData {
  readonly folder: string;
  readonly tokenizer: string;
}

const { folder, tokenizer: name }: EncodeWorkerData = workerData;
const pieces = openPieces(folder);
const tokenizer = openPackTokenizer(name);

parentPort!.on("message", (documents: readonly DocumentAt[]) =>
  parentPort!.postMessage(encodeShardOf(pieces, documents, tokenizer)),
);
