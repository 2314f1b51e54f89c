/** What a JSON text may hold besides being JSON. */
export interface StrictJson {
  /** Deepest nesting. */
  readonly depth: number;
  /** Most members of one object or list; any number if not given. */
  readonly members?: number;
  /** Whether numbers are plain digits, of which there is one spelling: no sign, point or exponent. */
  readonly digits?: boolean;
}

/**
 * Why a JSON text must not be handed to `JSON.parse`, or null: it breaks a limit, or an object names a key twice (`JSON.parse` would
 * silently keep the last). Says nothing of other faults: `JSON.parse` reports those. Takes one pass, and memory for the keys that it saw.
 */
export const ambiguityOf = (
  text: string,
  { depth, members = Number.POSITIVE_INFINITY, digits = false }: StrictJson,
): string | null => {
  const open: { readonly keys: Set<string> | null; members: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "{" || character === "[") {
      open.push({ keys: character === "{" ? new Set() : null, members: 1 });
      if (open.length > depth) return `nested deeper than ${depth}`;
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === ",") {
      const container = open.at(-1);
      if (container && ++container.members > members) return `more than ${members} members`;
    } else if (character === '"') {
      const start = at;
      at = endOfString(text, start);
      const keys = open.at(-1)?.keys;
      if (!keys || nextVisible(text, at + 1) !== ":") continue;
      const key = unquote(text.slice(start, at + 1));
      if (keys.has(key)) return "a key appears twice";
      keys.add(key);
    } else if (digits && isOtherNumber(text, at)) {
      return "a number that is not plain digits";
    }
  }
  return null;
};

/** Whether a character outside of strings belongs to a number with a sign, a point or an exponent. */
const isOtherNumber = (text: string, at: number): boolean => {
  const character = text[at]!;
  if (character === "e" || character === "E") return /[0-9]/.test(text[at - 1] ?? "");
  return character === "-" || character === ".";
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
