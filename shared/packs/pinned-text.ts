import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { DataSource } from "#shared/protocol/data-source.js";
import type { Network } from "#shared/protocol/network.js";
import { openPackFolder } from "./pack-folder.js";
import { placeShard } from "./pack-source.js";

/** A file of documents, or a pack's manifest, that the network file names by its content. */
export interface PinnedText {
  readonly kind: "jsonl" | "pack";
  /** The first group that learns from it. */
  readonly group: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Where the operator's own copy is, where the network file at hand says so. */
  readonly path: string | undefined;
}

type Grouped = Pick<Network, "groups">;

/** Every such file of a network, once. */
export const pinnedTexts = ({ groups }: Grouped): readonly PinnedText[] => {
  const texts = new Map<string, PinnedText>();
  for (const [group, { data }] of Object.entries(groups))
    for (const { kind, sha256, bytes, path } of data)
      if ((kind === "jsonl" || kind === "pack") && sha256 !== undefined && bytes !== undefined && !texts.has(sha256))
        texts.set(sha256, { kind, group, sha256, bytes, path });
  return [...texts.values()];
};

/**
 * A network whose sources can be opened here: each file of documents has the path at which `locate` finds it, and so has each pack's manifest. The
 * held-out shards of packs are there too, since every cycle draws from them; training shards are fetched by those who train.
 *
 * @throws BlockZeroError TEXT_MISSING naming group and file, PACK_MALFORMED
 */
export const withTexts = async <N extends Grouped>(
  network: N,
  locate: (text: PinnedText) => Promise<string>,
): Promise<N> => {
  const paths = new Map<string, string>();
  for (const text of pinnedTexts(network)) {
    const path = await located(text, locate);
    paths.set(text.sha256, path);
    if (text.kind !== "pack") continue;
    for (const { hash: sha256, bytes } of openPackFolder(path, text.sha256).manifest.held_out)
      placeShard(sha256, await located({ ...text, sha256, bytes }, locate));
  }
  const placed = (source: DataSource): DataSource => {
    const path = source.sha256 === undefined ? undefined : paths.get(source.sha256);
    return path === undefined ? source : { ...source, path };
  };
  const groups = Object.fromEntries(
    Object.entries(network.groups).map(([name, group]) => [name, { ...group, data: group.data.map(placed) }]),
  );
  return { ...network, groups };
};

const located = async (text: PinnedText, locate: (text: PinnedText) => Promise<string>): Promise<string> => {
  try {
    return await locate(text);
  } catch (cause) {
    if (!(cause instanceof BlockZeroError)) throw cause;
    throw new BlockZeroError(
      "TEXT_MISSING",
      `the documents of group "${text.group}" (${text.sha256}, ${text.bytes} bytes) cannot be had: ${reasonOf(cause)}`,
      "everybody needs them: ask the subnet's owner to keep `blockzero publish` running, then start again",
      { cause },
    );
  }
};
