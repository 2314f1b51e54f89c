import type { ErrorEntries } from "./entry.js";

export const dataErrors = {
  DATASET_CHANGED: { meaning: "A data file changed while it was in use.", remedy: "Start again." },
  DATASET_EMPTY: { meaning: "A data file holds no document.", remedy: 'Write one `{"text": …}` a line.' },
  DATASET_FORMAT: {
    meaning: "A data file's name says no format that is known.",
    remedy: "Name it `.jsonl`, `.json`, `.txt` or `.parquet`; the first three may end in `.gz` or `.zst`.",
  },
  DATASET_MALFORMED: {
    meaning: "A line of a data file is no document.",
    remedy: 'Make it a JSON object such as `{"text": "…"}`.',
  },
  DATASET_MISMATCH: {
    meaning: "A data file is not the one that the network file names.",
    remedy: "Take the owner's file, or leave the path out: then it is fetched.",
  },
  DATASET_NOT_FOUND: { meaning: "A data file cannot be opened.", remedy: "Check the path." },
  DATASET_PATH_MISSING: { meaning: "A `jsonl` source has no path.", remedy: "Name its file." },
  DATASET_PATH_UNEXPECTED: {
    meaning: "A source that comes with the toolkit has a path.",
    remedy: "Remove the path, or use the kind `jsonl`.",
  },
  DATASET_TOO_LARGE: { meaning: "A data file or document is too large.", remedy: "Split it." },
  DATASET_VERSION: {
    meaning: "The toolkit's copy of a source differs from the one that the network file names.",
    remedy: "Install the version of BlockZero that the owner names.",
  },
  NO_DATA: { meaning: "No source of documents has a weight above zero.", remedy: "Name at least one." },
  PACK_CHANGED: {
    meaning: "A pack's work was begun with other sources or settings, or by a version that makes other documents.",
    remedy: "Give the same again; to begin anew remove `blobs`, and all in `work` but `hub`, which was fetched.",
  },
  PACK_EMPTY: { meaning: "No document is left for a pack.", remedy: "Look at the report; loosen the filters." },
  PACK_EXISTS: {
    meaning: "The folder has a pack already, or blobs of something else.",
    remedy: "Choose another `--out`.",
  },
  PACK_MALFORMED: {
    meaning: "A pack's manifest or shard is not as docs/data.md says.",
    remedy: "Pack it again, or ask its maker to.",
  },
  PACK_ROW: {
    meaning: "With `--strict`: a row has no document.",
    remedy: "Mend it, or leave out `--strict`: then it is counted and skipped.",
  },
  PACK_SETTINGS: { meaning: "A setting of a pack is not allowed.", remedy: "See the settings in docs/data.md." },
  PACK_TEMPLATE: {
    meaning: "There is no chat template that can be used.",
    remedy: "Name the model's `tokenizer_config.json`.",
  },
  PACK_TOKENIZER: {
    meaning: "A pack was made with another tokenizer than the network's.",
    remedy: "Pack it again with that tokenizer.",
  },
  PACK_TOO_LARGE: {
    meaning: "A pack would have more, or larger, shards than a manifest can name.",
    remedy: "Give what the line names, and pack it again.",
  },
  PACK_UNPINNED: {
    meaning: "A data set of the Hub is named without a commit.",
    remedy: "Name the commit that the line says.",
  },
  SPLIT_EMPTY: {
    meaning: "A source has no document to train on, or none held out.",
    remedy: "Add documents, or change `data.held_out`.",
  },
  TEXT_MISSING: {
    meaning: "A group's documents cannot be fetched.",
    remedy: "Ask the owner to keep `blockzero publish` running, then start again.",
  },
  TOKEN_UNKNOWN: {
    meaning: "A token has an id that the tokenizer does not have.",
    remedy: "Use the tokenizer that the model was trained with, or the pack was made with.",
  },
  TOKENIZER_FAILED: {
    meaning: "A tokenizer's own rules fail on a text, or take too long.",
    remedy: "Ask the subnet's owner for a network file with another tokenizer.",
  },
  TOKENIZER_INVALID: {
    meaning: "A tokenizer's files cannot be used.",
    remedy: "Take one of those that docs/tokenizers.md names.",
  },
  TOKENIZER_MISMATCH: {
    meaning: "A tokenizer's file is not the one that the network file names.",
    remedy: "Take the owner's file, or leave the path out: then it is fetched.",
  },
  TOKENIZER_MISSING: {
    meaning: "The network's tokenizer cannot be fetched, or a model's folder has none.",
    remedy:
      "Ask the owner to keep `blockzero publish` running; for a folder put its `tokenizer.json` there, or name one with `--tokenizer`.",
  },
  TOKENIZER_NOT_FOUND: { meaning: "A tokenizer's file cannot be read.", remedy: "Check its path." },
  TOKENIZER_OTHER: {
    meaning: "A network that begins with a checkpoint names another tokenizer than the checkpoint's.",
    remedy:
      "Set `data.tokenizer: from-checkpoint`; where another is meant, add `--other-tokenizer` to `blockzero genesis`.",
  },
  UNKNOWN_DATASET: { meaning: "No source has this name.", remedy: "Use one that the line lists." },
  VOCABULARY_TOO_SMALL: {
    meaning: "The tokenizer has more tokens than the model's embedding has rows.",
    remedy: "Take the model's own tokenizer, or a larger `model.vocab_size`.",
  },
} as const satisfies ErrorEntries;
