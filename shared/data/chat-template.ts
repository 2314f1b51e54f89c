import { Template } from "@huggingface/jinja";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

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

/**
 * Messages as the text that a model was trained on, by its tokenizer's own Jinja template.
 *
 * @throws BlockZeroError CHAT_TEMPLATE_INVALID for a template that cannot be read or refuses the messages
 */
export const renderChat = (
  template: string,
  messages: readonly ChatMessage[],
  { addGenerationPrompt, variables = {} }: ChatTemplateOptions,
): string => {
  try {
    return new Template(template).render({
      ...variables,
      messages: messages.map((message) => ({ ...message })),
      add_generation_prompt: addGenerationPrompt,
    });
  } catch (cause) {
    throw new BlockZeroError(
      "CHAT_TEMPLATE_INVALID",
      `the model's chat template cannot be used: ${reasonOf(cause).slice(0, 300)}`,
      "give a plain prompt, or take a model with a template that works",
      { cause },
    );
  }
};
