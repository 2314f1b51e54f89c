import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import type { Question } from "#shared/text-evaluation/multiple-choice.js";

const MAX_BYTES = 256 << 20;

const questionSchema = z
  .object({
    context: z.string(),
    choices: z.array(z.string().min(1)).min(2).max(64),
    gold: z.int().min(0),
  })
  .refine(({ choices, gold }) => gold < choices.length, { path: ["gold"], message: "is no place among the choices" });

/**
 * Questions in lm-eval's form, one a line: `{"context": …, "choices": […], "gold": 0}`. Other fields and blank lines are ignored.
 *
 * @throws BlockZeroError QUESTIONS_MALFORMED naming the line, FILE_UNREADABLE, FILE_TOO_LARGE, TEXT_EMPTY
 */
export const readQuestions = async (path: string, limit = Number.POSITIVE_INFINITY): Promise<readonly Question[]> => {
  const text = new TextDecoder().decode(await readSmallFile(path, MAX_BYTES));
  const questions: Question[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (questions.length >= limit) break;
    if (line.trim() !== "") questions.push(parseQuestion(line, `${path}:${i + 1}`));
  }
  if (questions.length > 0) return questions;
  throw new BlockZeroError("TEXT_EMPTY", `${path} holds no question`, "name a file that holds some");
};

const parseQuestion = (line: string, place: string): Question => {
  const parsed = questionSchema.safeParse(parseJson(line));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new BlockZeroError(
    "QUESTIONS_MALFORMED",
    `${place}: ${path.join(".") || "the line"}: ${message}`,
    'write one {"context": "…", "choices": ["…", "…"], "gold": 0} a line',
  );
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
