import { BlockZeroError } from "#shared/errors/error.js";

export const unknownToken = (id: number | bigint | undefined) =>
  new BlockZeroError(
    "TOKEN_UNKNOWN",
    `no token has the id ${id}`,
    "use the tokenizer that the model was trained with, or the pack was made with",
  );
