import { columns } from "#shared/cli/table.js";
import type { Interval } from "#shared/text-evaluation/intervals.js";
import {
  type Answer,
  accuracyDifference,
  accuracyOf,
  type MultipleChoice,
} from "#shared/text-evaluation/multiple-choice.js";
import { bitsPerByteDifference, type Perplexity, perplexityOf } from "#shared/text-evaluation/perplexity.js";
import type { ModelEvaluation } from "./evaluate-model.js";

/** A model's figures. */
export interface ModelReport {
  readonly model: string;
  readonly window: number;
  readonly stride: number;
  readonly text: Perplexity | null;
  readonly choice: MultipleChoice | null;
}

/** Of a second model minus the first, measured on the same text and questions. */
export interface Differences {
  readonly bitsPerByte: Interval | null;
  readonly acc: Interval | null;
  readonly accNorm: Interval | null;
  readonly accBytes: Interval | null;
}

export const reportOf = ({ model, window, stride, text, answers }: ModelEvaluation): ModelReport => ({
  model,
  window,
  stride,
  text: text && perplexityOf(text),
  choice: answers && accuracyOf(answers),
});

export const differencesOf = (first: ModelEvaluation, second: ModelEvaluation): Differences => {
  const accuracy = (of: (answer: Answer) => boolean): Interval | null =>
    first.answers && second.answers && accuracyDifference(first.answers, second.answers, of);
  return {
    bitsPerByte: first.text && second.text && bitsPerByteDifference(first.text, second.text),
    acc: accuracy(({ acc }) => acc),
    accNorm: accuracy(({ accNorm }) => accNorm),
    accBytes: accuracy(({ accBytes }) => accBytes),
  };
};

/** The figures as aligned lines: a column a model, and one for the difference. */
export const reportLines = (reports: readonly ModelReport[], differences: Differences | null): readonly string[] => {
  const row = (name: string, of: (report: ModelReport) => string | null, difference: Interval | null | undefined) => {
    const cells = reports.map(of);
    if (cells.some((cell) => cell === null)) return [];
    return [[name, ...(cells as string[]), ...(differences ? [difference ? signed(difference) : "–"] : [])]];
  };
  const figures = [
    ["", ...reports.map(({ model }) => shortName(model)), ...(differences ? ["difference"] : [])],
    ...row("bits per byte", ({ text }) => text && said(text.bitsPerByte), differences?.bitsPerByte),
    ...row("perplexity a token", ({ text }) => text && said(text.perplexity), null),
    ...row("acc", ({ choice }) => choice && said(choice.acc), differences?.acc),
    ...row("acc_norm", ({ choice }) => choice && said(choice.accNorm), differences?.accNorm),
    ...row("acc_bytes", ({ choice }) => choice && said(choice.accBytes), differences?.accBytes),
  ];
  return [...columns(figures), "", ...reports.slice(0, 1).map(basis), "intervals: 95 %"];
};

/** What the figures rest on. */
const basis = ({ text, choice, window, stride }: ModelReport): string =>
  [
    text &&
      `${count(text.documents, "document")}, ${count(text.tokens, "token")}, ${count(text.bytes, "byte")}; windows of ${window} tokens by ${stride}; intervals by bootstrap over ${text.resampled}`,
    choice &&
      `${count(choice.questions, "question")}; acc_norm by characters, acc_bytes by bytes; Wilson's intervals, differences by bootstrap`,
  ]
    .filter((line) => line !== null)
    .join("\n");

const count = (number: number, what: string): string =>
  `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;

const said = ({ estimate, low, high }: Interval): string => `${digits(estimate)} [${digits(low)}, ${digits(high)}]`;

const signed = ({ estimate, low, high }: Interval): string => `${sign(estimate)} [${sign(low)}, ${sign(high)}]`;

const sign = (value: number): string => `${value < 0 ? "−" : "+"}${digits(Math.abs(value))}`;

const digits = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toPrecision(4));

const shortName = (name: string): string => (/^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name.slice(-32));
