import { randomInt } from "node:crypto";
import { openSource } from "#datasets/index.js";
import type { NetworkTemplate } from "#owner/network/network-template.js";
import { drawnBytes, sealText, usualSpacing } from "#owner/seal/seal.js";
import type { BlobStore } from "#shared/blobs/blob-store.js";
import { type Beacon, roundAt } from "#shared/chain/timelock/beacon.js";
import type { DocumentSource } from "#shared/data/source.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { SealedText } from "#shared/protocol/expert-group.js";
import { cycleLength } from "#shared/protocol/phases.js";

export interface PageSealing {
  readonly beacon: Beacon;
  readonly cycles: number;
  /** Milliseconds. */
  readonly blockTime: number;
  readonly onEnvelope: (done: number, total: number) => void;
}

/** Allowance for a busy machine: the factor on the number of cycles, and the seconds before the first cycle begins. */
const SLOWNESS = 1.5;
const HEAD_START_S = 60;

/**
 * Seals text for a run's cycles, for every group that learns from an endless source. The sealed pages have page numbers that nobody else
 * draws.
 * @throws LOCALNET_UNSEALABLE
 */
export const sealPages = async (
  store: BlobStore,
  network: NetworkTemplate,
  { beacon, cycles, blockTime, onEnvelope }: PageSealing,
): Promise<NetworkTemplate> => {
  const spacing = usualSpacing(network, beacon, blockTime / 1000);
  const endless = Object.entries(network.groups).flatMap(([name, group]) => {
    const source = group.data.map(openSource).find(({ size }) => size === "unbounded");
    return source ? [{ name, group, source }] : [];
  });
  if (spacing === 0) throw unsealable(`${network.phases.reveal} blocks of ${blockTime} ms are less than two rounds`);
  if (endless.length === 0) throw unsealable("no group learns from pages without end");
  const seconds = HEAD_START_S + (SLOWNESS * (cycles + 1) * cycleLength(network.phases) * blockTime) / 1000;
  const envelopes = Math.ceil(seconds / (spacing * beacon.period));
  const groups = { ...network.groups };
  for (const [i, { name, group, source }] of endless.entries()) {
    const sealed: SealedText = await sealText(store, {
      documents: secretPages(source, envelopes, drawnBytes(network)),
      beacon,
      firstRound: roundAt(Date.now(), beacon) + 1,
      spacing,
      envelopeBytes: drawnBytes(network),
      onEnvelope: (done, total) => onEnvelope(i * total + done, endless.length * total),
    });
    groups[name] = { ...group, sealed };
  }
  return { ...network, groups };
};

const secretPages = (source: DocumentSource, envelopes: number, leastBytes: number): readonly string[] => {
  const pages: string[] = [];
  for (let envelope = 0; envelope < envelopes; envelope++)
    for (let bytes = 0; bytes < leastBytes; bytes += Buffer.byteLength(pages.at(-1)!))
      pages.push(source.document(randomInt(2 ** 32)));
  return pages;
};

const unsealable = (why: string): BlockZeroError =>
  new BlockZeroError(
    "LOCALNET_UNSEALABLE",
    `--sealed: ${why}`,
    "leave --sealed out, or take the localnet's own network and block time",
  );
