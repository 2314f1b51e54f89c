/**
 * A template without the marks of transformers' `{% generation %}`, which say what of a chat the assistant writes (its renderer's extension, for
 * `return_assistant_tokens_mask`) and write nothing.
 */
export const withoutGenerationBlocks = (template: string): string =>
  template.replace(
    /\{%(-?)\s*(end)?generation\s*(-?)%\}/g,
    (_, before: string, end: string | undefined, after: string) =>
      `{%${before} ${end === undefined ? "if true" : "endif"} ${after}%}`,
  );
