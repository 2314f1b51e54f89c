/**
 * Why a JSON text must not be handed to `JSON.parse`, or null: nested deeper than `maxDepth`, or an object names a key twice
 * (`JSON.parse` would silently keep the last). Says nothing of other faults: `JSON.parse` reports those.
 */
export const ambiguityOf = (text: string, maxDepth: number): string | null => {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "{" || character === "[") {
      open.push(character === "{" ? new Set() : null);
      if (open.length > maxDepth) return `nested deeper than ${maxDepth}`;
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const start = at;
      at = endOfString(text, start);
      const keys = open.at(-1);
      if (keys == null || nextVisible(text, at + 1) !== ":") continue;
      const key = unquote(text.slice(start, at + 1));
      if (keys.has(key)) return "a key appears twice";
      keys.add(key);
    }
  }
  return null;
};

/** Index of the closing quote, or of the end. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
};

const nextVisible = (text: string, from: number): string | undefined => {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at];
};

const unquote = (quoted: string): string => {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
};
