import type { Tokenizer } from "#shared/data/tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { packSource } from "#shared/packs/pack-source.js";
import type { SourceName } from "./index.js";
import { openPackOf } from "./tokens.js";

/**
 * The texts of all documents of a pack, both parts, as its tokenizer decodes them.
 *
 * @throws BlockZeroError as `openPackOf`; DATASET_MALFORMED for conversations, whose loss mask no text has
 */
export function* packTexts(name: Pick<SourceName, "path" | "sha256">, tokenizer: Tokenizer): Generator<string> {
  const pack = openPackOf(name, tokenizer);
  const { training, held_out } = pack.manifest;
  if (pack.manifest.separators === "written") throw conversations(pack.hash);
  const source = packSource(pack, [
    ...training.map((ref) => ({ side: "training" as const, ref })),
    ...held_out.map((ref) => ({ side: "held-out" as const, ref })),
  ]);
  for (let index = 0; index < Number(source.size); index++) {
    const { ids, counts } = source.tokens(index);
    if (counts) throw conversations(pack.hash);
    yield tokenizer.decode(ids);
  }
}

const conversations = (pack: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_MALFORMED",
    `pack ${pack.slice(0, 8)} holds conversations, of which the assistant's words alone count: as text they would count whole`,
    "seal text that is no conversation",
  );
