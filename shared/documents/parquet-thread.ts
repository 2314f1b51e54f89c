import { parentPort } from "node:worker_threads";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { damagedParquet, parquetLots } from "./parquet-groups.js";
import type { FromParquet, ParquetRequest } from "./parquet-rows.js";

const { path, columns }: ParquetRequest = JSON.parse(process.argv[2] ?? "");
let read = 0;
const lots = parquetLots(path, columns, (bytes) => {
  read += bytes;
});

const next = async (): Promise<FromParquet> => {
  try {
    const { done, value } = await lots.next();
    const own = read;
    read = 0;
    return done ? { type: "end", read: own } : { type: "rows", rows: value, read: own };
  } catch (thrown) {
    const { code, message, hint } =
      thrown instanceof BlockZeroError ? thrown : damagedParquet(path, reasonOf(thrown), thrown);
    return { type: "failed", code, message, hint };
  }
};

parentPort?.on("message", async () => parentPort?.postMessage(await next()));
