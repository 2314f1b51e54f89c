import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { byteSize } from "#shared/cli/byte-size.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { describeMachine, machine } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { phrases } from "./corpus.js";
import { packProcess, type Run } from "./pack-process.js";

interface Flags {
  readonly bytes: number;
  readonly folder?: string;
  readonly kill?: boolean;
  readonly json?: string;
}

const MEBIBYTE = 2 ** 20;

export const streamingBench: CommandSpec = {
  name: "streaming",
  description: "Memory and time of packing a corpus of any size, and that a killed run goes on to the same bytes.",
  examples: ["npm run bench -- streaming --bytes 1GB", "npm run bench -- streaming --bytes 10GB --folder /var/tmp"],
  define: (command) => {
    command
      .option("--bytes <size>", "text of the corpus", byteSize, 1e9)
      .option(
        "--folder <dir>",
        "where the corpus and the pack are for a while, some 2.5 times the text; unset: a temporary one",
      )
      .option("--kill", "kill the program three times on its way, go on each time, and compare with a run in one piece")
      .addOption(figuresOption())
      .action(run);
  },
};

const run = async ({ bytes, folder: parent = tmpdir(), kill = false, json }: Flags): Promise<void> => {
  const here = machine();
  const folder = mkdtempSync(join(parent, "blockzero-bench-"));
  try {
    const corpus = join(folder, "corpus.jsonl.gz");
    await pipeline(Readable.from(lines(bytes)), createGzip({ level: 1 }), createWriteStream(corpus));
    console.log(
      `${describeMachine(here)}, load ${here.load.toFixed(1)}; ${(bytes / 1e9).toFixed(2)} GB of text, ${(statSync(corpus).size / 1e9).toFixed(2)} GB as .jsonl.gz`,
    );
    const begun = performance.now();
    const whole = await packed(corpus, join(folder, "whole"), []);
    const seconds = (performance.now() - begun) / 1000;
    print(`in one piece: ${seconds.toFixed(0)} s, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`, whole);
    const broken = kill
      ? await packed(
          corpus,
          join(folder, "broken"),
          KILLS.map((share) => share * seconds),
        )
      : null;
    if (broken) {
      print(`killed, ${broken.runs.length} runs`, broken);
      if (broken.hash !== whole.hash) throw new Error(`a killed run made another pack: ${broken.hash}, ${whole.hash}`);
      console.log("the same pack");
    }
    await writeFigures(json, { machine: here, bytes, whole, broken });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** When the program is killed, in shares of the time that it takes in one piece. */
const KILLS = [0.3, 0.5, 0.3];

/** The corpus, some 64 KiB at a time. */
function* lines(bytes: number): Generator<string> {
  let lot = "";
  let done = 0;
  for (const text of phrases("bench streaming")) {
    lot += `${JSON.stringify({ text })}\n`;
    done += text.length;
    if (lot.length < 2 ** 16 && done < bytes) continue;
    yield lot;
    lot = "";
    if (done >= bytes) return;
  }
}

interface Packed {
  readonly runs: readonly Run[];
  readonly hash: string;
}

const packed = async (corpus: string, out: string, kills: readonly number[]): Promise<Packed> => {
  const runs: Run[] = [];
  for (const seconds of [...kills, undefined]) {
    if (runs.at(-1)?.isDone) break;
    runs.push(await packProcess(corpus, out, seconds));
  }
  const hash = createHash("sha256")
    .update(readFileSync(join(out, "manifest.json")))
    .digest("hex");
  rmSync(out, { recursive: true });
  return { runs, hash };
};

const print = (what: string, { runs }: Packed): void => {
  console.log(what);
  console.log(
    table([
      ["stage", "seconds", "peak memory MiB"],
      ...runs.flatMap(({ stages, peak }) => [
        ...stages.map(({ name, seconds, memory }) => [name, seconds.toFixed(0), (memory / MEBIBYTE).toFixed(0)]),
        ["all", stages.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0), (peak / MEBIBYTE).toFixed(0)],
      ]),
    ]),
  );
};
