// Loaded before its program into every process of a soak (`NODE_OPTIONS=--import`): moves the process's clock as the soak says, and measures its
// memory after a collection of garbage whenever the soak asks. Both go through files of SOAK_FOLDER.
import { appendFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";
import { moveClock } from "../support/faults/moved-clock.js";
import { CLOCK, memoryFile, REQUEST, type SoakedMemory } from "./inside-files.js";

const POLL_MS = 100;
const MIB = 2 ** 20;

const folder = process.env.SOAK_FOLDER;
const config = process.argv[process.argv.indexOf("--config") + 1];
const name = process.argv.includes("--config") && config ? basename(config, ".yaml") : (process.argv[2] ?? "");

const readIfAny = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

if (folder !== undefined && name !== "") {
  const setClock = moveClock();
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  let answered = readIfAny(join(folder, REQUEST));

  const measure = (): void => {
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    const { code_and_metadata_size, bytecode_and_metadata_size } = getHeapCodeStatistics();
    const code = code_and_metadata_size + bytecode_and_metadata_size;
    const found: SoakedMemory = {
      pid: process.pid,
      rss: rss / MIB,
      heap: (heapUsed - code) / MIB,
      code: code / MIB,
      external: external / MIB,
    };
    appendFileSync(memoryFile(folder, name), `${JSON.stringify({ request: Number(answered), ...found })}\n`);
  };

  setInterval(() => {
    setClock(Number(readIfAny(join(folder, CLOCK + name))) || 0);
    if (!isMainThread) return;
    const request = readIfAny(join(folder, REQUEST));
    if (request === "" || request === answered) return;
    answered = request;
    measure();
  }, POLL_MS).unref();
}
