import { z } from "zod";
import { hashSchema } from "./hash.js";
import { about } from "./network-file/about.js";

/** Greatest size of tokenizer.json, in bytes. The largest in use has 34 million. */
export const MAX_TOKENIZER_BYTES = 64 << 20;

/** Greatest size of tokenizer_config.json, in bytes. */
export const MAX_TOKENIZER_CONFIG_BYTES = 4 << 20;

const fileFields = (name: string, maxBytes: number) => ({
  path: z
    .string()
    .optional()
    .meta(about(`Where this machine has ${name}, relative to the file that names it. A published file has none.`)),
  sha256: hashSchema.optional().meta(about(`SHA-256 of ${name}. \`blockzero genesis\` fills it in.`)),
  bytes: z
    .int()
    .positive()
    .max(maxBytes)
    .optional()
    .meta(about(`Length of ${name}. \`blockzero genesis\` fills it in.`, "bytes")),
});

/** The files of a Hugging Face tokenizer, by their content. */
export const tokenizerFilesSchema = z.strictObject({
  ...fileFields("tokenizer.json", MAX_TOKENIZER_BYTES),
  config: z
    .strictObject(fileFields("tokenizer_config.json", MAX_TOKENIZER_CONFIG_BYTES))
    .optional()
    .meta(
      about("The tokenizer_config.json beside it: which special tokens begin and end a document, the chat template."),
    ),
});

export type TokenizerFile = Pick<z.infer<typeof tokenizerFilesSchema>, "path" | "sha256" | "bytes">;
export type TokenizerRule = "byte" | z.infer<typeof tokenizerFilesSchema>;

/** A tokenizer with each of its files replaced by another value. */
export const mapTokenizerFiles = (
  tokenizer: TokenizerRule,
  of: (file: TokenizerFile, name: "tokenizer.json" | "tokenizer_config.json") => TokenizerFile,
): TokenizerRule => {
  if (tokenizer === "byte") return tokenizer;
  const { config, ...file } = tokenizer;
  return { ...of(file, "tokenizer.json"), ...(config && { config: of(config, "tokenizer_config.json") }) };
};

/** Its files, by name. */
export const tokenizerFiles = (tokenizer: TokenizerRule): readonly (TokenizerFile & { readonly name: string })[] => {
  const files: (TokenizerFile & { readonly name: string })[] = [];
  mapTokenizerFiles(tokenizer, (file, name) => {
    files.push({ ...file, name });
    return file;
  });
  return files;
};
