import type { ErrorEntries } from "./entry.js";

export const textErrors = {
  CHAT_TEMPLATE_INVALID: {
    meaning: "A model's chat template cannot be read, or refuses the messages.",
    remedy: "Give a plain prompt, or take a model whose template works.",
  },
  CHAT_TEMPLATE_MISSING: {
    meaning: "A model has no chat template.",
    remedy: "Give a plain prompt with `--prompt`.",
  },
  GENERATION_NOT_FINITE: {
    meaning: "A model's output is no number: its weights are damaged or overflow.",
    remedy: "Take another model.",
  },
  PROMPT_INVALID: {
    meaning: "A prompt is empty, too long for the model, or holds a token that the model does not know.",
    remedy: "Shorten it, or use the tokenizer that the model was trained with.",
  },
  QUESTIONS_MALFORMED: {
    meaning: "A line of a file of questions is none.",
    remedy: 'Write one `{"context": …, "choices": […], "gold": 0}` a line.',
  },
  TEXT_EMPTY: { meaning: "A file holds no text to measure.", remedy: "Name one that holds some." },
  WINDOW_INVALID: {
    meaning: "Windows of an evaluation are longer than the model takes, or than their stride allows.",
    remedy: "Choose a smaller `--window` or `--stride`.",
  },
} as const satisfies ErrorEntries;
