import { z } from "zod";
import { hashSchema } from "./hash.js";
import { about } from "./network-file/about.js";
import { tokenizerFilesSchema } from "./tokenizer-files.js";

/**
 * A weighted source of documents; `kind` names a module of `datasets/`. The network file pins its content; `path` tells one machine where it has
 * the file, and decides nothing.
 */
export const dataSourceSchema = z.strictObject({
  kind: z.string().min(1).meta(about("The kind of source: see below.")),
  weight: z.number().positive().default(1).meta(about("Share of windows from this source, relative to the others.")),
  path: z
    .string()
    .optional()
    .meta(
      about(
        "Where this machine has a file of documents, relative to the file that names it. A published file has none.",
      ),
    ),
  sha256: hashSchema
    .optional()
    .meta(
      about("SHA-256 of a file of documents, or of a built-in source's documents. `blockzero genesis` fills it in."),
    ),
  bytes: z
    .int()
    .positive()
    .optional()
    .meta(about("Length of a file of documents. `blockzero genesis` fills it in.", "bytes")),
});

/** How text becomes windows of tokens. */
export const dataSchema = z
  .strictObject({
    tokenizer: z.union([z.literal("byte"), tokenizerFilesSchema]).meta({
      ...about(
        "The rule that makes tokens of text: `byte`, or the files of a tokenizer of Hugging Face. docs/tokenizers.md says which are read.",
      ),
      takes: "`byte`, or a mapping",
    }),
    split: z.literal("sha256").default("sha256").meta(about("The rule by which documents are held out.")),
    sequence_length: z.int().min(1).meta(about("Length of a window of text.", "tokens")),
    sequences: z
      .enum(["concatenated", "isolated"])
      .optional()
      .meta(
        about(
          "How the documents of a window are read: one after the other as one text (`concatenated`, where this is left out), or each by itself (`isolated`): attention stays within a document, and a prediction of a document's first token does not count.",
        ),
      ),
    held_out: z
      .number()
      .gt(0)
      .lt(1)
      .meta(about("Part of the documents, chosen by their content's hash, that nobody is to train on.", "share")),
  })
  .meta(about("How text becomes windows of tokens."));

export type DataSource = z.infer<typeof dataSourceSchema>;
