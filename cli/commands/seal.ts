import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { openSource, type SourceName } from "#datasets/index.js";
import { openJsonl } from "#datasets/jsonl.js";
import { packTexts } from "#datasets/pack-texts.js";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import { drawnBytes, sealText, usualSpacing } from "#owner/seal/seal.js";
import { paceOf, refuseSparse } from "#owner/seal/seal-pace.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import { type Beacon, roundAt, timeOfRound } from "#shared/chain/timelock/beacon.js";
import { byteSize } from "#shared/cli/byte-size.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { positiveNumber, wholeNumber } from "#shared/cli/numbers.js";
import { printFields } from "#shared/cli/print.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { createRandom } from "#shared/data/random.js";
import type { DocumentSource } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { isPackFolder } from "#shared/packs/pack-folder.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import { sha256 } from "#shared/protocol/hash.js";
import { cycleLength } from "#shared/protocol/phases.js";
import { roundOf } from "#shared/protocol/sealed-text.js";
import { LiveView } from "#shared/telemetry/live-view.js";
import { bar } from "#shared/telemetry/progress.js";
import {
  type CheckpointOptions,
  checkpointOptions,
  checkTemplateOptions,
  withNetwork,
} from "../genesis/template-of.js";
import { inHome } from "../in-home.js";

interface Options extends CheckpointOptions {
  readonly network: string;
  readonly group: string;
  readonly out: string;
  readonly beacon: string;
  readonly opens?: number;
  readonly blockTime?: number;
  readonly spacing?: number;
  readonly envelope?: number;
  readonly json?: boolean;
}

const BAR_WIDTH = 28;

export const seal: CommandSpec = {
  name: "seal",
  description:
    "lock evaluation text so that nobody can read it before the cycle that it is for, and say what the network file needs",
  examples: [
    "blockzero seal held-back.jsonl --network my-network.yaml --group math --out genesis",
    "blockzero seal held-back.jsonl --network my-network.yaml --group math --out genesis --opens 2027-01-01T00:00:00Z --envelope 128KiB",
    "blockzero seal held-back.jsonl --network my-network.yaml --group math --out genesis --beacon ws://127.0.0.1:9944",
  ],
  define: (command) => {
    checkpointOptions(command)
      .argument("<documents>", 'file with one {"text": …} a line, or the folder of a pack, which nobody else has seen')
      .requiredOption("--network <file>", "network template or file whose phases and scoring it is for")
      .requiredOption("--group <name>", "the expert group that is evaluated on it")
      .requiredOption("--out <dir>", "directory of `blockzero genesis --out`, whose blobs `blockzero publish` serves")
      .option(
        "--beacon <name>",
        "quicknet, which subtensor follows, or the WebSocket URL of a devchain that plays one",
        "quicknet",
      )
      .option("--opens <time>", "when the first envelope opens, such as 2027-01-01T00:00:00Z; unset: now", moment)
      .option(
        "--block-time <seconds>",
        "of the chain; unset: what its last blocks took where --beacon names it, else subtensor's 12",
        positiveNumber,
      )
      .option(
        "--spacing <rounds>",
        "rounds from one envelope to the next; unset: half of the reveal phase",
        wholeNumber(1),
      )
      .option(
        "--envelope <size>",
        "least text in an envelope, such as 64KiB; unset: what one evaluation draws",
        byteSize,
      )
      .option(...JSON_FLAG)
      .action(async (documents: string, options: Options, own: Command) => {
        const { network: networkFile, out } = options;
        checkTemplateOptions([networkFile], options, own);
        await inHome(out, (signal) =>
          withNetwork(networkFile, options, signal, (network) =>
            run(documents, { ...options, network, networkFile }, signal),
          ),
        );
      });
  },
};

interface Sealing extends Omit<Options, "network"> {
  readonly network: NetworkTemplate;
  readonly networkFile: string;
}

const run = async (file: string, options: Sealing, signal: AbortSignal): Promise<void> => {
  const { group, out, network } = options;
  if (!network.groups[group])
    throw new BlockZeroError(
      "GROUP_UNKNOWN",
      `${options.networkFile} has no group "${group}"`,
      `name one of ${Object.keys(network.groups).join(", ")}`,
    );
  const pace = await paceOf(options, signal);
  const { beacon, blockTime } = pace;
  const spacing = options.spacing ?? Math.max(1, usualSpacing(network, beacon, blockTime));
  refuseSparse(spacing, network, pace);
  const documents = shuffled(readDocuments(file, network));
  const store = directoryStore(join(out, "blobs"));
  refusePublic(documents, network, { file, store });
  const view = new LiveView({ terminal: process.stderr });
  try {
    const sealed = await sealText(store, {
      documents,
      beacon,
      spacing,
      firstRound: roundAt(options.opens ?? Date.now(), beacon) + 1,
      envelopeBytes: options.envelope ?? drawnBytes(network),
      onEnvelope: (done, total) => {
        signal.throwIfAborted();
        const line = `sealing  ${bar(done / total, BAR_WIDTH)}  envelope ${done}/${total}`;
        view.update([line], line);
      },
    });
    view.close();
    print(sealed, { network, group, beacon, blockTime, documents: documents.length, json: options.json ?? false });
  } finally {
    view.close();
  }
};

interface Facts {
  readonly network: NetworkTemplate;
  readonly group: string;
  readonly beacon: Beacon;
  readonly blockTime: number;
  readonly documents: number;
  readonly json: boolean;
}

const print = (sealed: SealedText, { network, group, beacon, blockTime, documents, json }: Facts): void => {
  const opens = (envelope: number) => new Date(timeOfRound(roundOf(sealed, envelope), beacon)).toISOString();
  const seconds = sealed.envelopes * sealed.spacing * beacon.period;
  const { envelopes } = sealed;
  const [firstOpens, lastOpens] = [opens(0), opens(envelopes - 1)];
  const cycles = Math.floor(seconds / (cycleLength(network.phases) * blockTime));
  if (json) {
    printJson({ group, documents, envelopes, firstOpens, lastOpens, cycles, sealed });
    return;
  }
  printFields({ documents, envelopes, "first opens": firstOpens, "last opens": lastOpens, cycles });
  console.log(`\n# into the group "${group}" of the network template:`);
  process.stdout.write(stringify({ sealed }));
};

const readDocuments = (file: string, { data }: NetworkTemplate): readonly string[] => {
  if (isPackFolder(file)) return [...packTexts({ path: file }, openTokenizer(data))];
  const source = openJsonl(file);
  const documents = allOf(source);
  const damaged = documents.findIndex((text) => Buffer.from(text).toString() !== text);
  if (damaged === -1) return documents;
  throw new BlockZeroError(
    "DATASET_MALFORMED",
    `${file}: document ${damaged + 1} is not well-formed Unicode`,
    "remove the half surrogate pair",
  );
};

const allOf = (source: DocumentSource): readonly string[] =>
  Array.from({ length: Number(source.size) }, (_, index) => source.document(index));

/** In an order that the file does not tell, so that no envelope holds but one part of a sorted collection. */
const shuffled = (documents: readonly string[]): readonly string[] => {
  const random = createRandom(randomBytes(32).toString("hex"));
  const order = [...documents];
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
};

/** What miners may train on must not be what they are judged on. */
const refusePublic = (
  documents: readonly string[],
  { groups, data: rules }: NetworkTemplate,
  { file, store }: { readonly file: string; readonly store: LocalStore },
): void => {
  const sealed = new Set(documents.map(fingerprint));
  for (const [name, { data }] of Object.entries(groups))
    for (const { kind, sha256, path: own } of data) {
      const isFile = kind === "jsonl" || kind === "pack";
      const path = own ?? (isFile && sha256 !== undefined ? store.path(sha256) : undefined);
      const shared = countAmong(textsOf({ kind, path, sha256 }, rules), sealed);
      if (shared > 0)
        throw new BlockZeroError(
          "SEAL_PUBLIC",
          `${shared} of the documents in ${file} are in the public source "${path ?? kind}" of group "${name}"`,
          "seal documents that nobody else has: take these out of the one or the other",
        );
    }
};

/** The texts of a source; none of one without end. */
const textsOf = (name: SourceName, rules: NetworkTemplate["data"]): Iterable<string> => {
  if (name.kind === "pack") return packTexts(name, openTokenizer(rules));
  const source = openSource(name);
  return source.size === "unbounded" ? [] : allOf(source);
};

const countAmong = (texts: Iterable<string>, sealed: ReadonlySet<string>): number => {
  let count = 0;
  for (const text of texts) if (sealed.has(fingerprint(text))) count++;
  return count;
};

const fingerprint = (text: string): string => sha256(Buffer.from(text));

const moment = (text: string): number => {
  const time = Date.parse(text);
  if (Number.isFinite(time)) return time;
  throw new InvalidArgumentError("It must be a time such as 2027-01-01T00:00:00Z.");
};
