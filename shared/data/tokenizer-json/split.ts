/** What becomes of the matches of a pattern that text is split at. */
export type SplitBehaviour = "Isolated" | "Removed" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous";

interface Part {
  readonly text: string;
  readonly isMatch: boolean;
}

/**
 * Splits text at the matches of a global pattern as `NormalizedString::split` of the Rust library `tokenizers` does.
 *
 * @param isInverted whether it is the text between matches that is dealt with as they are
 */
export const splitText = (
  text: string,
  pattern: RegExp,
  behaviour: SplitBehaviour,
  isInverted = false,
): readonly string[] => merged(partsOf(text, pattern, isInverted), behaviour).filter((part) => part !== "");

const partsOf = (text: string, pattern: RegExp, isInverted: boolean): readonly Part[] => {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (index > end) parts.push({ text: text.slice(end, index), isMatch: isInverted });
    parts.push({ text: match, isMatch: !isInverted });
    end = index + match.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isMatch: isInverted });
  return parts;
};

const merged = (parts: readonly Part[], behaviour: SplitBehaviour): readonly string[] => {
  switch (behaviour) {
    case "Isolated":
      return parts.map(({ text }) => text);
    case "Removed":
      return parts.flatMap(({ text, isMatch }) => (isMatch ? [] : [text]));
    case "Contiguous":
      return joinedWhere(parts, (part, before) => part.isMatch === before.isMatch);
    case "MergedWithPrevious":
      return joinedWhere(parts, (part, before) => part.isMatch && !before.isMatch);
    case "MergedWithNext":
      return joinedWhere(parts, (part, before) => before.isMatch && !part.isMatch);
  }
};

/** Joins each part to the one before where `joins` says so of the two. */
const joinedWhere = (parts: readonly Part[], joins: (part: Part, before: Part) => boolean): readonly string[] => {
  const texts: string[] = [];
  for (const [i, part] of parts.entries()) {
    if (i > 0 && joins(part, parts[i - 1]!)) texts[texts.length - 1] += part.text;
    else texts.push(part.text);
  }
  return texts;
};
