import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { packSource } from "#shared/packs/pack-source.js";
import type { SourceName } from "./index.js";
import { openPack } from "./tokens.js";

/**
 * The texts of all documents of a pack, both parts, as its tokenizer decodes them.
 *
 * @throws BlockZeroError as `openPack`; PACK_TOKENIZER; DATASET_MALFORMED for conversations, whose loss mask no text has
 */
export function* packTexts(name: Pick<SourceName, "path" | "sha256">, tokenizer: Tokenizer): Generator<string> {
  const pack = openPack(name);
  const { training, held_out, tokenizer: own } = pack.manifest;
  if (own.name !== tokenizer.name)
    throw new BlockZeroError(
      "PACK_TOKENIZER",
      `pack ${pack.hash.slice(0, 8)} has tokens of another tokenizer than the network's`,
      "pack the text again with the network's tokenizer",
    );
  const source = packSource(pack, [
    ...training.map((ref) => ({ side: "training" as const, ref })),
    ...held_out.map((ref) => ({ side: "held-out" as const, ref })),
  ]);
  for (let index = 0; index < Number(source.size); index++) {
    const { ids, counts } = source.tokens(index);
    if (counts)
      throw new BlockZeroError(
        "DATASET_MALFORMED",
        `pack ${pack.hash.slice(0, 8)} holds conversations, of which the assistant's words alone count: as text they would count whole`,
        "seal text that is no conversation",
      );
    yield tokenizer.decode(ids);
  }
}
