/** Text as batches of tokens: documents, the byte tokenizer, the split into training and held-out text, seeded loaders. */
export { bitsPerByte } from "#shared/data/bits-per-byte.js";
export { byteTokenizer } from "#shared/data/byte-tokenizer.js";
export {
  type Batch,
  heldOutBatches,
  type LoaderOptions,
  type TrainingLoader,
  trainingLoader,
  type WeightedSource,
} from "#shared/data/loader.js";
export { createRandom, type Random, type RandomState } from "#shared/data/random.js";
export { type DocumentSource, listedDocuments } from "#shared/data/source.js";
export {
  type DocumentPlace,
  type TokenDocument,
  type TokenSource,
  tokenised,
} from "#shared/data/token-source.js";
export type { EncodedParts, Tokenizer } from "#shared/data/tokenizer.js";
