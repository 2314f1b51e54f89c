import { z } from "zod";
import { hashSchema } from "./hash.js";
import { about } from "./network-file/about.js";

/** Greatest size of tokenizer.json, in bytes. The largest in use has 34 million. */
export const MAX_TOKENIZER_BYTES = 64 << 20;

/** Greatest size of tokenizer_config.json, in bytes. */
export const MAX_TOKENIZER_CONFIG_BYTES = 4 << 20;

/** Greatest size of chat_template.jinja, in bytes. */
export const MAX_CHAT_TEMPLATE_BYTES = 256 << 10;

/** Greatest size of generation_config.json, in bytes. */
export const MAX_GENERATION_CONFIG_BYTES = 1 << 20;

/** Greatest sizes of a tokenizer's files, in bytes, by their names in a repository. */
export const TOKENIZER_FILE_BYTES = {
  "tokenizer.json": MAX_TOKENIZER_BYTES,
  "tokenizer_config.json": MAX_TOKENIZER_CONFIG_BYTES,
  "chat_template.jinja": MAX_CHAT_TEMPLATE_BYTES,
  "generation_config.json": MAX_GENERATION_CONFIG_BYTES,
} as const;

export type TokenizerFileName = keyof typeof TOKENIZER_FILE_BYTES;

const fileFields = (name: TokenizerFileName) => ({
  path: z
    .string()
    .optional()
    .meta(about(`Where this machine has ${name}, relative to the file that names it. A published file has none.`)),
  sha256: hashSchema.optional().meta(about(`SHA-256 of ${name}. \`blockzero genesis\` fills it in.`)),
  bytes: z
    .int()
    .positive()
    .max(TOKENIZER_FILE_BYTES[name])
    .optional()
    .meta(about(`Length of ${name}. \`blockzero genesis\` fills it in.`, "bytes")),
});

/** The files of a Hugging Face tokenizer, by their content. */
export const tokenizerFilesSchema = z.strictObject({
  ...fileFields("tokenizer.json"),
  config: z
    .strictObject(fileFields("tokenizer_config.json"))
    .optional()
    .meta(
      about("The tokenizer_config.json beside it: which special tokens begin and end a document, the chat template."),
    ),
  chat_template: z
    .strictObject(fileFields("chat_template.jinja"))
    .optional()
    .meta(about("The chat_template.jinja beside it, which goes before the template in tokenizer_config.json.")),
  generation_config: z
    .strictObject(fileFields("generation_config.json"))
    .optional()
    .meta(
      about("The generation_config.json beside it: which tokens end a text that the model writes. Exports have it."),
    ),
});

export type TokenizerFile = Pick<z.infer<typeof tokenizerFilesSchema>, "path" | "sha256" | "bytes">;
export type TokenizerRule = "byte" | z.infer<typeof tokenizerFilesSchema>;

/** A tokenizer with each of its files replaced by another value. */
export const mapTokenizerFiles = (
  tokenizer: TokenizerRule,
  of: (file: TokenizerFile, name: TokenizerFileName) => TokenizerFile,
): TokenizerRule => {
  if (tokenizer === "byte") return tokenizer;
  const { config, chat_template: template, generation_config: generation, ...file } = tokenizer;
  return {
    ...of(file, "tokenizer.json"),
    ...(config && { config: of(config, "tokenizer_config.json") }),
    ...(template && { chat_template: of(template, "chat_template.jinja") }),
    ...(generation && { generation_config: of(generation, "generation_config.json") }),
  };
};

export interface NamedTokenizerFile extends TokenizerFile {
  readonly name: TokenizerFileName;
}

/** Its files, by name. */
export const tokenizerFiles = (tokenizer: TokenizerRule): readonly NamedTokenizerFile[] => {
  const files: NamedTokenizerFile[] = [];
  mapTokenizerFiles(tokenizer, (file, name) => {
    files.push({ ...file, name });
    return file;
  });
  return files;
};
