import { stripVTControlCharacters } from "node:util";

/** The part of a terminal that a live view needs; `process.stderr` is one. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface LiveViewOptions {
  readonly terminal: Terminal;
  /** Least time between two drawings, in milliseconds. */
  readonly everyMs?: number;
  /** The same where the output is no terminal and every drawing adds a line. */
  readonly plainEveryMs?: number;
  /** Milliseconds, from any start. */
  readonly now?: () => number;
}

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_LINE = "\u001b[2K";
const UP = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : "");

/**
 * A block of lines that is redrawn in place on a terminal, and an occasional plain line elsewhere. The cursor comes back
 * on `close` and when the process exits.
 */
export class LiveView {
  readonly #terminal: Terminal;
  readonly #interactive: boolean;
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #restore = (): void => void this.#terminal.write(SHOW_CURSOR);
  #rows = 0;
  #lastDrawn = Number.NEGATIVE_INFINITY;
  #lines: readonly string[] = [];
  #pending: { readonly lines: readonly string[]; readonly plain: string | undefined } | undefined;
  #state: "new" | "open" | "closed" = "new";

  constructor({
    terminal,
    everyMs = 100,
    plainEveryMs = 10_000,
    now = performance.now.bind(performance),
  }: LiveViewOptions) {
    this.#terminal = terminal;
    this.#interactive = terminal.isTTY === true;
    this.#everyMs = this.#interactive ? everyMs : plainEveryMs;
    this.#now = now;
  }

  /**
   * Shows these lines instead of the last ones, or remembers them until the next call if the last drawing is too recent.
   *
   * @param plain the one line that stands for them where the output is no terminal; nothing is printed without it
   */
  update(lines: readonly string[], plain?: string): void {
    if (this.#state === "closed") return;
    this.#pending = { lines, plain };
    if (this.#now() - this.#lastDrawn >= this.#everyMs) this.#draw();
  }

  /**
   * Prints a line that stays, above the block.
   *
   * @param output where to; another stream, such as standard output, may be the same terminal
   */
  print(line: string, output: Terminal = this.#terminal): void {
    if (!this.#interactive || this.#rows === 0) output.write(`${line}\n`);
    else {
      this.#terminal.write(`${UP(this.#rows)}\r\u001b[J`);
      output.write(`${line}\n`);
      this.#rows = 0;
      this.#paint(this.#lines);
    }
  }

  /** Draws what is still to be drawn, leaves it on the screen and gives the cursor back. */
  close(): void {
    if (this.#state === "closed") return;
    if (this.#pending !== undefined) this.#draw();
    if (this.#state === "open" && this.#interactive) {
      process.off("exit", this.#restore);
      this.#restore();
    }
    this.#state = "closed";
  }

  #draw(): void {
    if (this.#pending === undefined) return;
    const { lines, plain } = this.#pending;
    this.#pending = undefined;
    this.#lastDrawn = this.#now();
    if (!this.#interactive) {
      if (plain !== undefined) this.#terminal.write(`${plain}\n`);
      return;
    }
    if (this.#state === "new") {
      this.#state = "open";
      process.once("exit", this.#restore);
      this.#terminal.write(HIDE_CURSOR);
    }
    this.#paint(lines);
  }

  #paint(lines: readonly string[]): void {
    const width = this.#terminal.columns ?? 80;
    const body = lines.map((line) => `${CLEAR_LINE}${fit(line, width)}\n`).join("");
    // A shorter block leaves rows of the longer one below it: erase to the end of the screen.
    this.#terminal.write(`${UP(this.#rows)}\r${body}\u001b[J`);
    this.#rows = lines.length;
    this.#lines = lines;
  }
}

/** A line that would wrap moves everything below it; one that is too long loses its colours and its end. */
export const fit = (line: string, width: number): string => {
  const plain = stripVTControlCharacters(line);
  return [...plain].length < width ? line : `${[...plain].slice(0, Math.max(0, width - 2)).join("")}…`;
};
