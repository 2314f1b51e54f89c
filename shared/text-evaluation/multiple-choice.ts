import type { Tokenizer } from "#shared/data/tokenizer.js";
import { type Interval, ratioDifference, wilsonInterval } from "./intervals.js";
import type { ScoreRequest, Scorer } from "./scorer.js";

/** A question in lm-eval's form. */
export interface Question {
  readonly context: string;
  /** At least two. */
  readonly choices: readonly string[];
  /** The place of the right choice. */
  readonly gold: number;
}

/** Whether a question was answered rightly. */
export interface Answer {
  /** By the likeliest choice. */
  readonly acc: boolean;
  /** By the likeliest choice a character (code point): long choices are not at a disadvantage. */
  readonly accNorm: boolean;
  /** By the likeliest choice a byte of UTF-8. */
  readonly accBytes: boolean;
}

export interface MultipleChoice {
  readonly questions: number;
  /** Wilson's interval. */
  readonly acc: Interval;
  readonly accNorm: Interval;
  readonly accBytes: Interval;
}

/** Between context and choice; lm-eval's `target_delimiter`. */
export const DELIMITER = " ";

/**
 * Answers questions by the log-likelihood of each choice after the context, as lm-eval's `multiple_choice` does: `acc`, `acc_norm` and `acc_bytes`
 * there are what they are here.
 */
export const answerQuestions = async (
  scorer: Scorer,
  questions: readonly Question[],
  { tokenizer, delimiter = DELIMITER }: { readonly tokenizer: Tokenizer; readonly delimiter?: string },
): Promise<readonly Answer[]> => {
  const requests = questions.flatMap(({ context, choices }) =>
    choices.map((choice) => requestOf(scorer.window, tokenizer, context, delimiter + choice)),
  );
  const nats = await scorer.nats(requests);
  let at = 0;
  return questions.map(({ choices, gold }) => {
    const own = nats.slice(at, at + choices.length);
    at += choices.length;
    const by = (length: (choice: string) => number): boolean =>
      smallest(own.map((value, i) => value / Math.max(1, length(choices[i]!)))) === gold;
    return { acc: smallest(own) === gold, accNorm: by(characters), accBytes: by(Buffer.byteLength) };
  });
};

/** As Python counts them. */
const characters = (text: string): number => [...text].length;

export const accuracyOf = (answers: readonly Answer[]): MultipleChoice => {
  const count = (isRight: (answer: Answer) => boolean) =>
    wilsonInterval(answers.filter(isRight).length, answers.length);
  return {
    questions: answers.length,
    acc: count(({ acc }) => acc),
    accNorm: count(({ accNorm }) => accNorm),
    accBytes: count(({ accBytes }) => accBytes),
  };
};

/** Accuracy of the second model minus that of the first, on the same questions. */
export const accuracyDifference = (
  first: readonly Answer[],
  second: readonly Answer[],
  of: (answer: Answer) => boolean,
): Interval => {
  const shares = (answers: readonly Answer[]) =>
    answers.map((answer) => ({ numerator: of(answer) ? 1 : 0, denominator: 1 }));
  return ratioDifference(shares(first), shares(second));
};

/**
 * Context and continuation are tokenised together, and what the context alone does not have is the continuation; spaces at the context's end go to
 * the continuation, as in lm-eval's `_encode_pair`. Text that spells a special token is that token, as there: a chat's context has some. Too long a
 * context loses its beginning.
 */
const requestOf = (window: number, tokenizer: Tokenizer, context: string, continuation: string): ScoreRequest => {
  const kept = context.trimEnd();
  const whole = tokenizer.encodePrompt(context + continuation);
  const before = kept === "" ? 0 : Math.min(tokenizer.encodePrompt(kept).length, whole.length - 1);
  const prefix = before === 0 ? [tokenizer.startOfDocument ?? tokenizer.endOfDocument] : [];
  const ids = Uint32Array.from([...prefix, ...whole]).slice(-(window + 1));
  return { ids, from: Math.max(1, ids.length - (whole.length - before)) };
};

const smallest = (values: readonly number[]): number => values.indexOf(Math.min(...values));
