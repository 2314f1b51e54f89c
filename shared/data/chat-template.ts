import { Template } from "@huggingface/jinja";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { withinTime } from "#shared/util/within-time.js";
import { BOUNDED, withBoundedRange } from "./bounded-range.js";
import { withoutGenerationBlocks } from "./generation-blocks.js";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatTemplateOptions {
  /** Whether the text ends where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean;
  /** What the template may name besides, such as `bos_token`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A template is a program of whoever made the model: it has so much time and text. */
const MILLISECONDS = 2000;

/** Longest template that is read, in UTF-16 units. */
export const MAX_TEMPLATE_LENGTH = 256 << 10;

/**
 * Messages as the text that a model was trained on, by its tokenizer's own Jinja template.
 *
 * @throws BlockZeroError CHAT_TEMPLATE_INVALID for a template that cannot be read, takes too long or refuses the messages
 */
export const renderChat = (
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt, variables = {} }: ChatTemplateOptions,
): string => {
  if (template.length > MAX_TEMPLATE_LENGTH) throw invalid("it is too long");
  const context = {
    ...variables,
    ...BOUNDED,
    messages: messages.map((message) => ({ ...message })),
    add_generation_prompt: addGenerationPrompt,
  };
  let rendered: { readonly text: string } | undefined;
  try {
    const source = withBoundedRange(withoutGenerationBlocks(template));
    rendered = withinTime(MILLISECONDS, () => ({ text: new Template(source).render(context) }));
  } catch (cause) {
    throw invalid(reasonOf(cause).slice(0, 300), cause);
  }
  if (rendered === undefined) throw invalid(`it takes longer than ${MILLISECONDS / 1000} s`);
  return rendered.text;
};

const invalid = (problem: string, cause?: unknown) =>
  new BlockZeroError(
    "CHAT_TEMPLATE_INVALID",
    `the model's chat template cannot be used: ${problem}`,
    "give a plain prompt, or take a model with a template that works",
    { cause },
  );
