import { z } from "zod";

/** How a chat is written for a model. */
export interface ChatFormat {
  /** Jinja. */
  readonly template: string;
  /** Special tokens that the template may name, such as `bos_token`. */
  readonly variables: Readonly<Record<string, string>>;
}

const token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]).nullish();

const schema = z.object({
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .nullish()
    .transform((found) => (Array.isArray(found) ? found.find(({ name }) => name === "default")?.template : found)),
  bos_token: token,
  eos_token: token,
  pad_token: token,
  unk_token: token,
});

/**
 * The chat format in a `tokenizer_config.json`; null where it has none or is malformed.
 *
 * @param own the content of a `chat_template.jinja` beside it, which goes before
 */
export const chatFormatOf = (config: unknown, own?: string | null): ChatFormat | null => {
  const { chat_template: named, ...tokens } = schema.safeParse(config).data ?? {};
  const template = own ?? named;
  if (template === undefined || template === null) return null;
  const variables = Object.entries(tokens).flatMap(([name, text]) => (typeof text === "string" ? [[name, text]] : []));
  return { template, variables: Object.fromEntries(variables) };
};
