/** Shows a new key's mnemonic. */
export type ShowPhrase = (key: string, phrase: string) => void;

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows new mnemonics, each once, to a person: on a terminal and nowhere else, so that no file or pipe gets them. */
export const phrasesShown = (output: Output = process.stderr): ShowPhrase => {
  const head = output.isTTY
    ? "\nWrite these words on paper. Whoever has them has the key; without them a lost file is lost. They are not shown again.\n\n"
    : "The mnemonics are not shown where there is no terminal; they stand in the key files. Keep a copy of those.\n";
  let isBegun = false;
  return (key, phrase) => {
    if (!isBegun) output.write(head);
    isBegun = true;
    if (output.isTTY) output.write(`  ${key}: ${phrase}\n\n`);
  };
};
