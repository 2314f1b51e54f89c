import type { Tokenizer } from "#shared/data/tokenizer.js";

/** Text as it becomes known, token by token: no character is broken, what was given out stays as it is. */
export interface TextStream {
  /** The text that a further token completes; empty while a character is not whole. */
  push(id: number): string;
  /** What is left, whole or not. */
  end(): string;
}

/** A character has four bytes at most, so as many tokens: what more tokens leave broken is no character. */
const MAX_PENDING = 4;
const BROKEN = "\ufffd";

export const textStream = (tokenizer: Pick<Tokenizer, "decode">): TextStream => {
  // Decoders treat the first token apart (a leading space): tokens that were given out stay before the new ones.
  let context: number[] = [];
  let pending: number[] = [];
  const take = (): string => {
    const before = tokenizer.decode(context);
    const text = tokenizer.decode([...context, ...pending]).slice(before.length);
    context = pending;
    pending = [];
    return text;
  };
  return {
    push: (id) => {
      pending.push(id);
      const isBroken = tokenizer.decode([...context, ...pending]).endsWith(BROKEN);
      return isBroken && pending.length < MAX_PENDING ? "" : take();
    },
    end: () => (pending.length === 0 ? "" : take()),
  };
};
