import { z } from "zod";
import { MAX_TOKENIZER_CONFIG_BYTES } from "#shared/protocol/tokenizer-files.js";
import { checkedBy, parseJson, quoted, type TokenizerDocument } from "./document.js";
import { invalidTokenizer } from "./invalid.js";

const tokenText = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish()
  .transform((text) => text ?? undefined);

const configSchema = z.object({
  bos_token: tokenText,
  eos_token: tokenText,
  add_bos_token: z.boolean().nullish(),
});

export type TokenizerConfig = z.infer<typeof configSchema>;

/** What of a tokenizer_config.json decides ids. @throws BlockZeroError TOKENIZER_INVALID */
export const readTokenizerConfig = (bytes: Uint8Array): TokenizerConfig => {
  const what = "tokenizer_config.json";
  return checkedBy(configSchema, parseJson(bytes, what, MAX_TOKENIZER_CONFIG_BYTES), what);
};

/** What ends a document in tokenizers of language models, where no tokenizer_config.json says it. */
const USUAL_ENDS = ["<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "<｜end▁of▁sentence｜>", "[SEP]"];

/** Post-processors of a sequence. */
const MAX_PROCESSORS = 16;

/** What a post-processor puts before a text. */
const firstOfOneSchema = z.union([
  z
    .object({
      type: z.literal("TemplateProcessing"),
      single: z.array(z.looseObject({ SpecialToken: z.object({ id: z.string() }).optional() })),
    })
    .transform(({ single }) => single[0]?.SpecialToken?.id),
  z
    .object({ type: z.enum(["BertProcessing", "RobertaProcessing"]), cls: z.tuple([z.string(), z.int()]) })
    .transform(({ cls: [content] }) => content),
]);

/** The same, of a sequence too: what a later one puts there stands before what an earlier one put. */
const firstTokenSchema = z.union([
  firstOfOneSchema,
  z
    .object({ type: z.literal("Sequence"), processors: z.array(z.unknown()).max(MAX_PROCESSORS) })
    .transform(({ processors }) =>
      processors.map((one) => firstOfOneSchema.safeParse(one).data).findLast((first) => first !== undefined),
    ),
]);

/**
 * The tokens that begin and end a document: `bos_token` where the tokenizer puts it before a text, and `eos_token`.
 *
 * @throws BlockZeroError TOKENIZER_INVALID
 */
export const separatorsOf = (
  { parts }: TokenizerDocument,
  config: TokenizerConfig | undefined,
): { readonly start: number | null; readonly end: number } => {
  const specials = new Map(parts.added_tokens.flatMap(({ special, content, id }) => (special ? [[content, id]] : [])));
  const idOf = (content: string, what: string): number => {
    const id = specials.get(content);
    if (id === undefined)
      throw invalidTokenizer(`${what} is ${quoted(content)}, which is no special token of tokenizer.json`);
    return id;
  };
  const usual = USUAL_ENDS.filter((content) => specials.has(content));
  const ends = config?.eos_token === undefined ? usual : [config.eos_token];
  const [end] = ends;
  if (end === undefined || ends.length > 1)
    throw invalidTokenizer(
      `nothing says which token ends a document${usual.length > 1 ? `: ${usual.join(", ")}` : ""}; add tokenizer_config.json, with eos_token`,
    );
  const first = firstTokenSchema.safeParse(parts.post_processor);
  const start = config?.add_bos_token == null ? first.data : config.add_bos_token ? config.bos_token : undefined;
  return { start: start === undefined ? null : idOf(start, "bos_token"), end: idOf(end, "eos_token") };
};
