import { checkSources } from "#datasets/tokens.js";
import { withTokenizer } from "#shared/data/pinned-tokenizer.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { withTexts } from "#shared/packs/pinned-text.js";
import type { Network } from "#shared/protocol/network.js";
import { indexBytes } from "#shared/protocol/sealed-text.js";
import type { Blobs } from "../files/blobs.js";

export interface TextSources {
  readonly blobs: Pick<Blobs, "pin">;
  readonly servers: () => Promise<readonly string[]>;
  readonly signal: AbortSignal;
}

/** Whether a file that `obtainTexts` asks for could not be had. Whoever is asked later may send it. */
export const isTextMissing = (thrown: unknown): boolean =>
  hasCode(thrown, "TEXT_MISSING", "TOKENIZER_MISSING", "SEALED_TEXT_MISSING");

/**
 * Obtains everything that the network file names and every cycle needs: the tokenizer, files of documents and the held-out shards of packs, which
 * stay; the toolkit's sources in the version that the file names; indices of sealed text. If one of them is missing, reports it before the
 * participant joins.
 *
 * @returns the network with the paths of its files
 * @throws BlockZeroError TEXT_MISSING, TOKENIZER_…, VOCABULARY_TOO_SMALL, DATASET_…, PACK_…, SEALED_TEXT_MISSING
 */
export const obtainTexts = async (network: Network, { blobs, servers, signal }: TextSources): Promise<Network> => {
  const pin = ({ sha256, bytes }: { readonly sha256: string; readonly bytes: number }) =>
    blobs.pin({ hash: sha256, maxBytes: bytes, locations: servers, signal, isAgreed: true });
  const placed = await withTexts(await withTokenizer(network, pin), pin);
  checkVocabulary(placed);
  checkSources(placed);
  for (const [group, { sealed }] of Object.entries(network.groups)) {
    if (!sealed) continue;
    try {
      const { index: hash } = sealed;
      await blobs.pin({ hash, maxBytes: indexBytes(sealed), locations: servers, signal, isAgreed: true });
    } catch (cause) {
      if (!(cause instanceof BlockZeroError)) throw cause;
      throw new BlockZeroError(
        "SEALED_TEXT_MISSING",
        `the index of group "${group}"'s sealed text (${sealed.index}) cannot be had: ${reasonOf(cause)}`,
        "everybody needs it: ask the subnet's owner to keep `blockzero publish` running, then start again",
        { cause },
      );
    }
  }
  return placed;
};
