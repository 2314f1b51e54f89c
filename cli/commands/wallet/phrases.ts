/** Shows new mnemonics, once, to a person: on a terminal and nowhere else, so that no file or pipe gets them. */
export const showPhrases = (
  phrases: Readonly<Record<string, string>>,
  output: NodeJS.WriteStream = process.stderr,
): void => {
  if (!output.isTTY) {
    output.write(
      "The mnemonics are not shown where there is no terminal; they stand in the key files. Keep a copy of those.\n",
    );
    return;
  }
  output.write(
    "\nWrite these words on paper. Whoever has them has the key; without them a lost file is lost. They are not shown again.\n",
  );
  for (const [key, phrase] of Object.entries(phrases)) output.write(`\n  ${key}: ${phrase}\n`);
  output.write("\n");
};
