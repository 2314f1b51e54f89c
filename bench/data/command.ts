import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePack } from "#owner/pack/pack.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { table } from "#shared/cli/table.js";
import { describeMachine, machine, ownSeconds } from "../machine.js";
import { figuresOption, writeFigures } from "../options.js";
import { pythonsOf } from "../step/find-peers.js";
import { corpusOf } from "./corpus.js";
import { measureOurs } from "./ours.js";
import { measurePeer } from "./peer.js";
import { STAGES } from "./stages.js";

interface Flags {
  readonly megabytes: number;
  readonly python?: readonly string[];
  readonly json?: string;
}

export const dataBench: CommandSpec = {
  name: "data",
  description: "Bytes a second of each stage of packing text, beside datatrove with the same filters on the same text.",
  examples: ["npm run bench -- data", "npm run bench -- data --python ~/.venvs/bench/bin/python"],
  define: (command) => {
    command
      .option("--megabytes <n>", "text to measure on", wholeNumber(1), 10)
      .option("--python <path...>", "Pythons that may have datatrove; unset: BLOCKZERO_BENCH_PYTHON, else python3")
      .addOption(figuresOption())
      .action(run);
  },
};

const run = async ({ megabytes, python, json }: Flags): Promise<void> => {
  const here = machine();
  const texts = corpusOf(megabytes * 1e6);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const folder = mkdtempSync(join(tmpdir(), "blockzero-bench-"));
  try {
    const path = join(folder, "corpus.jsonl");
    writeFileSync(path, texts.map((text) => `${JSON.stringify({ text })}\n`).join(""));
    const ours = await measureOurs(path);
    const whole = await packSeconds(path, join(folder, "pack"));
    const asked = await Promise.all(pythonsOf(python, process.env).map((name) => measurePeer(name, path)));
    const peer = asked.find((answer) => typeof answer !== "string");
    const rate = (seconds: number): string => `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;
    console.log(
      `${describeMachine(here)}; one thread; ${texts.length} documents, ${(bytes / 1e6).toFixed(1)} MB of text; by processor time`,
    );
    console.log(
      table([
        ["stage", "ours", ...(peer ? [`datatrove ${peer.version}`, "times as fast"] : [])],
        ...STAGES.map((stage) => [
          stage,
          rate(ours.seconds[stage]),
          ...(peer ? [rate(peer.seconds[stage]), `${(peer.seconds[stage] / ours.seconds[stage]).toFixed(1)} ×`] : []),
        ]),
        ["a whole byte pack", rate(whole), ...(peer ? ["", ""] : [])],
      ]),
    );
    for (const filter of ["quality", "repetition"] as const)
      console.log(
        `${filter}: ${ours.kept[filter]} documents pass${peer ? `, ${peer.kept[filter]} with datatrove` : ""}`,
      );
    for (const answer of asked) if (typeof answer === "string") console.log(`no datatrove: ${answer}`);
    if (!peer)
      console.log(
        "to compare: python3 -m venv ~/.venvs/bench && ~/.venvs/bench/bin/pip install datatrove spacy nltk 'xxhash<4'",
      );
    await writeFigures(json, {
      machine: here,
      bytes,
      documents: texts.length,
      ours: { ...ours, whole },
      peer: peer ?? null,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Processor seconds of all stages, the writing of pieces and shards included. */
const packSeconds = async (path: string, out: string): Promise<number> => {
  const begun = ownSeconds();
  await makePack({
    sources: [path],
    out,
    settings: packSettingsSchema.parse({}),
    tokenizer: "byte",
    benchmarks: [],
    isStrict: false,
    threads: 1,
    env: {},
    signal: new AbortController().signal,
  });
  return ownSeconds() - begun;
};
