import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours for a person's terminal; plain text for files, pipes and where NO_COLOR is set. */
const painter =
  (stream: { readonly isTTY?: boolean }) =>
  (style: Style, text: string): string =>
    stream.isTTY && !process.env.NO_COLOR ? styleText(style, text) : text;

/** For what goes to standard error. */
export const paint = painter(process.stderr);

/** For what goes to standard output. */
export const paintAnswer = painter(process.stdout);
