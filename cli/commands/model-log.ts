import { inWords, sharesByGroup } from "#inspect/model/merged-shares.js";
import { findModel, openModelStore } from "#inspect/model/model-store.js";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { type CommandSpec, shutdownSignal } from "#shared/cli/program.js";
import { BlockZeroError, hasCode } from "#shared/errors/error.js";
import type { Model } from "#shared/merge/merge-model.js";
import { MAX_MODEL_MANIFEST_BYTES, type ModelManifest, parseModelManifest } from "#shared/protocol/model-manifest.js";
import { baseModelHash } from "#shared/replay/base-model-hash.js";
import { lineage } from "#shared/replay/lineage.js";
import { openSubnet, type SubnetLocation } from "#shared/subnet/open-subnet.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { locationFrom, type SubnetOptions, subnetOptions } from "../subnet-options.js";

interface Options extends SubnetOptions {
  readonly model?: string;
  readonly json?: boolean;
}

/** What is missing is so because of damage. */
const INCOMPLETE = 1;

export const log: CommandSpec = {
  name: "log",
  description: "show a model's ancestors, newest first, with the miners merged into each and their shares",
  examples: [
    "blockzero model log",
    "blockzero model log --home checkpoints --model 3f2a90c1d7be",
    "blockzero model log --chain ws://127.0.0.1:9944 --netuid 1 --allow-private-addresses --json",
  ],
  define: (command) => {
    subnetOptions(command, "a localnet's home, or a participant's checkpoint_dir")
      .option(
        "--model <hash>",
        "a model's hash, or of one in the home its beginning; unset: the latest there, or with --chain the one agreed on",
      )
      .option("--json", "print one JSON array")
      .action(async (options: Options) => {
        const { models, lost } = await ancestors(options);
        if (options.json)
          console.log(
            JSON.stringify(
              models.map(({ hash, manifest: { cycle, parent, merged } }) => ({ hash, cycle, parent, merged })),
            ),
          );
        else for (const line of models.flatMap(linesOf)) console.log(line);
        const last = models.at(-1)?.manifest.parent;
        if (last != null) console.error(`older ancestors, from ${last} on, are not at hand`);
        if (lost.size > 0) process.exitCode = INCOMPLETE;
      });
  },
};

interface Ancestry {
  readonly models: readonly Model[];
  /** Files that were looked at, of which there are copies and none is sound: a model may be missing because of that. */
  readonly lost: ReadonlySet<string>;
}

const ancestors = async (options: Options): Promise<Ancestry> => {
  const { model } = options;
  const location = locationFrom(options);
  if (location.chain !== undefined || location.home === undefined) {
    const logger = createLogger({ name: "model", level: "warn", format: "pretty" });
    return ofChain({ ...location, log: logger, signal: shutdownSignal() }, model);
  }
  const store = await openModelStore(location.home, console.error);
  const { hash } = findModel(store, model ?? "latest");
  return { models: await walk(hash, async (next) => store.models.get(next) ?? null), lost: store.lost };
};

const ofChain = async (location: SubnetLocation, model: string | undefined): Promise<Ancestry> => {
  const subnet = await openSubnet(location);
  const { source, files, last } = subnet;
  const lost = new Set<string>();
  const manifestOf = async (hash: string): Promise<ModelManifest | null> => {
    const bytes = await source.fetch({ hash, maxBytes: MAX_MODEL_MANIFEST_BYTES }).catch(nothing);
    for (const copy of files.takeFaulty()) {
      console.error(copy.unreadable ?? `${copy.path} is not what its hash says`);
      if (copy.hash === hash && bytes.length === 0) lost.add(hash);
    }
    const parsed = parseModelManifest(bytes);
    return parsed.ok ? parsed.value : null;
  };
  try {
    const head = model ?? (await baseModelHash(source, last + 1, subnet.head));
    return { models: await walk(head, manifestOf), lost };
  } finally {
    await subnet.close();
  }
};

const nothing = (thrown: unknown): Uint8Array => {
  if (isFetchFault(thrown)) return new Uint8Array();
  throw thrown;
};

/** As far back as manifests are at hand. @throws MODEL_UNKNOWN where not even the first is */
const walk = async (
  hash: string,
  manifestOf: (hash: string) => Promise<ModelManifest | null>,
): Promise<readonly Model[]> => {
  const found: Model[] = [];
  const unknown = (missing: string) =>
    new BlockZeroError("MODEL_UNKNOWN", `model ${missing} is nowhere to be had`, "name another");
  try {
    for await (const model of lineage(hash, async (next) => {
      const manifest = await manifestOf(next);
      if (manifest === null) throw unknown(next);
      return manifest;
    }))
      found.push(model);
  } catch (thrown) {
    if (found.length === 0 || !hasCode(thrown, "MODEL_UNKNOWN")) throw thrown;
  }
  return found;
};

const linesOf = ({ hash, manifest: { cycle, parent, merged } }: Model): readonly string[] => [
  `model ${hash}  ${parent === null ? "genesis" : `cycle ${cycle}`}`,
  ...[...sharesByGroup(merged)].map(([group, updates]) => `    ${group}: ${inWords(updates)}`),
  ...(parent !== null && merged.length === 0 ? ["    nobody improved it"] : []),
];
