import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours for a person's terminal; plain text for files, pipes and where NO_COLOR is set. */
export const paint = (style: Style, text: string): string =>
  process.stderr.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;
