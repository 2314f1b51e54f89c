import { type EvaluationOptions, evaluateModel } from "#inspect/evaluate/evaluate-model.js";
import { readQuestions } from "#inspect/evaluate/read-questions.js";
import { readTexts } from "#inspect/evaluate/read-texts.js";
import { differencesOf, reportLines, reportOf } from "#inspect/evaluate/report.js";
import { openLanguageModel } from "#inspect/model/language-model.js";
import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import { wholeNumber } from "#shared/cli/numbers.js";
import type { CommandSpec } from "#shared/cli/program.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ModelOptions, modelFrom, modelOptions } from "../model-options.js";

interface Options extends ModelOptions {
  readonly text?: string;
  readonly questions?: string;
  readonly against?: string;
  readonly window?: number;
  readonly stride?: number;
  readonly limit?: number;
  readonly json?: boolean;
}

export const evaluate: CommandSpec = {
  name: "eval",
  description:
    "measure a model on files: bits per byte and perplexity of text, accuracy on multiple choice; or two models, paired",
  examples: [
    "blockzero eval --text held-out.jsonl",
    "blockzero eval --model before --against after --text book.txt --questions questions.jsonl",
    "blockzero eval --model 3f2a90c1d7be --against latest --home checkpoints --text held-out.jsonl --json",
  ],
  define: (command) => {
    modelOptions(
      command
        .option("--text <file>", "documents: .jsonl with a text a line, or a text file as one document")
        .option("--questions <file>", 'jsonl of {"context": …, "choices": […], "gold": 0}, as lm-eval has them')
        .option("--against <model>", "a second model, named as --model is: the difference has an interval of its own")
        .option("--window <n>", "tokens of an input; unset: 1024, or what the model takes", wholeNumber(2))
        .option("--stride <n>", "tokens that a window predicts, the others are context; unset: all", wholeNumber(1))
        .option("--limit <n>", "only the first documents and questions", wholeNumber(1)),
    )
      .option(...JSON_FLAG)
      .action(run);
  },
};

const run = async (options: Options): Promise<void> => {
  const { text, questions, against, limit, json = false } = options;
  if (text === undefined && questions === undefined)
    throw new BlockZeroError("USAGE", "there is nothing to measure the model on", "give --text, --questions or both");
  const measuring: EvaluationOptions = {
    texts: text === undefined ? null : await readTexts(text, limit),
    questions: questions === undefined ? null : await readQuestions(questions, limit),
    window: options.window,
    stride: options.stride,
    threads: options.threads,
    onProgress: progress,
  };
  const evaluations = [];
  // One model is in memory at a time.
  for (const model of against === undefined ? [options.model] : [options.model, against])
    evaluations.push(await evaluateModel(await openLanguageModel({ ...modelFrom(options), model }), measuring));
  const [first, second] = evaluations;
  const reports = evaluations.map(reportOf);
  const differences = second === undefined ? null : differencesOf(first!, second);
  if (json) printJson({ models: reports, difference: differences });
  else for (const line of reportLines(reports, differences)) console.log(line);
};

const progress = (done: number, all: number): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all} windows${done === all ? "\n" : ""}`);
};
