import { availableParallelism } from "node:os";
import { makePack } from "#owner/pack/pack.js";
import type { PackProgress, PackStage } from "#owner/pack/pack-options.js";
import { readPackSettings } from "#owner/pack/read-settings.js";
import { reportText } from "#owner/pack/report/report-text.js";
import { byteSize } from "#shared/cli/byte-size.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar, formatDuration } from "#shared/telemetry/progress.js";
import { inHome } from "../../in-home.js";

interface Options {
  readonly tokenizer: string;
  readonly out: string;
  readonly config?: string;
  readonly field?: string;
  readonly messages?: string;
  readonly date?: string;
  readonly lines?: boolean;
  readonly heldOut?: number;
  readonly seed?: number;
  readonly shardBytes?: number;
  readonly language?: readonly string[];
  readonly filters: boolean;
  readonly benchmark?: readonly string[];
  readonly strict?: boolean;
  readonly threads: number;
  readonly json?: boolean;
}

export const pack: CommandSpec = {
  name: "pack",
  description: "make a pack of token shards from text: filtered, without duplicates, split, shuffled; docs/data.md",
  examples: [
    "blockzero data pack corpus.jsonl.gz --tokenizer byte --out my-pack",
    "blockzero data pack hf://datasets/owner/name@0123456789abcdef0123456789abcdef01234567/data --tokenizer Qwen3/tokenizer.json --out my-pack --language eng",
    "blockzero data pack chats.parquet --messages Qwen3/tokenizer_config.json --field messages --tokenizer Qwen3/tokenizer.json --out my-pack",
  ],
  define: (command) => {
    command
      .argument(
        "<sources...>",
        "files and folders of .jsonl, .json, .txt, .parquet (.gz, .zst), or hf://datasets/owner/name@commit[/path]",
      )
      .requiredOption("--tokenizer <name>", "byte, or a tokenizer.json")
      .requiredOption(
        "--out <dir>",
        "folder for the pack and its report; what an earlier call left there is gone on with",
      )
      .option("--config <file>", "YAML with the settings of docs/data.md; flags go before it")
      .option("--field <name>", "field of a row that has the text; unset: text, or messages")
      .option(
        "--messages <file>",
        "the field is a conversation, which the chat template of this tokenizer_config.json writes out; the assistant's words alone count",
      )
      .option(
        "--date <day>",
        "with --messages: what the chat template takes for today, such as 2024-07-26; unset: none",
      )
      .option("--lines", "every line of a .txt file is a document, not the file")
      .option("--held-out <share>", "part of the documents that nobody is to train on; unset: 0.01", positiveNumber)
      .option("--seed <n>", "seed of the order; unset: 1", wholeNumber(0))
      .option("--shard-bytes <size>", "text of a shard, such as 4MiB; unset: that", byteSize)
      .option("--language <codes...>", "languages that stay, such as eng (ISO 639-3); unset: all")
      .option("--no-filters", "no filter of length, symbols and repetition")
      .option("--benchmark <files...>", "files whose text must not be trained on, of any format and fields")
      .option("--strict", "end at a row that has no document, instead of counting it")
      .option("--threads <n>", "threads that make shards", wholeNumber(1, 256), availableParallelism())
      .option(...JSON_FLAG)
      .action(async (sources: readonly string[], options: Options) => {
        await inHome(options.out, (signal) => run(sources, options, signal));
      });
  },
};

const run = async (sources: readonly string[], options: Options, signal: AbortSignal): Promise<void> => {
  const settings = readPackSettings(options.config, {
    field: options.field,
    messages: options.messages === undefined ? undefined : true,
    date: options.date,
    textIs: options.lines ? "lines" : undefined,
    heldOut: options.heldOut,
    seed: options.seed,
    shardBytes: options.shardBytes,
    languages: options.language,
    isUnfiltered: !options.filters,
  });
  const view = new LiveView({ terminal: process.stderr });
  const eta = progressLine();
  try {
    const { hash, manifest, report } = await makePack({
      sources,
      out: options.out,
      settings,
      tokenizer: options.tokenizer,
      chat: options.messages,
      benchmarks: options.benchmark ?? [],
      isStrict: options.strict ?? false,
      threads: options.threads,
      env: process.env,
      signal,
      onProgress: (progress) => {
        const line = eta(progress);
        view.update([line], line);
      },
    });
    view.close();
    if (manifest.held_out.length === 0)
      console.error(
        "note: no document is held out, so no group can be scored on it: give more text, or a larger --held-out",
      );
    if (options.json) return printJson({ pack: options.out, hash, manifest, report });
    process.stdout.write(reportText(report));
    console.log(
      `\n${options.out}/report.html shows what was left out.\n\n# as a source of a group in the network template:`,
    );
    console.log(`- { kind: pack, path: ${options.out} }`);
  } finally {
    view.close();
  }
};

const STAGES: Readonly<Record<PackStage, string>> = {
  fetch: "fetching",
  read: "reading and filtering",
  duplicates: "finding duplicates",
  overlap: "finding overlap",
  encode: "making shards",
};

const BAR_WIDTH = 28;

/** A stage's share, and how long it takes at its pace until now. */
const progressLine = (now: () => number = performance.now.bind(performance)) => {
  let stage: PackStage | undefined;
  let begun = 0;
  let from = 0;
  return ({ stage: at, done, total }: PackProgress): string => {
    if (at !== stage) {
      stage = at;
      begun = now();
      from = done;
    }
    const share = total === 0 ? 1 : done / total;
    const left = done > from ? ((now() - begun) * (total - done)) / (done - from) : Number.NaN;
    const line = `${STAGES[at].padEnd(22)} ${bar(share, BAR_WIDTH)}  ${(100 * share).toFixed(0).padStart(3)} %`;
    return done >= total ? line : `${line}  ${formatDuration(left)} left`;
  };
};
