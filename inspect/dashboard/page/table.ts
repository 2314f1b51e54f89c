import { element, setText } from "./dom.js";

export interface Column<Row> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** Left out on a phone. */
  readonly isLess?: boolean;
  /** What rows are sorted by; unset: they are not. */
  readonly key?: (row: Row) => number | string | null;
  /** Fills the cell; called again when the row has changed. */
  readonly draw: (cell: HTMLTableCellElement, row: Row) => void;
}

export interface TableOptions<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  /** What makes a row the same row after a change. */
  readonly id: (row: Row) => string;
  readonly sortedBy?: { readonly column: number; readonly isDescending: boolean };
}

export interface DrawnTable<Row> {
  show(rows: readonly Row[]): void;
}

interface Drawn<Row> {
  readonly line: HTMLTableRowElement;
  row: Row;
  text: string;
}

/** A table that keeps its rows: what has not changed is not touched. The first column heads its row. */
export const createTable = <Row>(table: HTMLTableElement, options: TableOptions<Row>): DrawnTable<Row> => {
  const { caption, columns, id } = options;
  const body = element("tbody");
  const drawn = new Map<string, Drawn<Row>>();
  let sorting = options.sortedBy ?? null;
  let rows: readonly Row[] = [];

  const headings = columns.map((column, at) => {
    const heading = element("th", { scope: "col", class: classOf(column) });
    if (!column.key) heading.append(column.title);
    else {
      const button = element("button", { type: "button" }, column.title);
      button.addEventListener("click", () => {
        sorting = {
          column: at,
          isDescending: sorting?.column === at ? !sorting.isDescending : column.isNumber === true,
        };
        arrange();
      });
      heading.append(button);
    }
    return heading;
  });
  table.replaceChildren(element("caption", {}, caption), element("thead", {}, element("tr", {}, ...headings)), body);

  const lineOf = (row: Row): HTMLTableRowElement => {
    const text = JSON.stringify(row);
    const known = drawn.get(id(row));
    if (known?.text === text) return known.line;
    const line =
      known?.line ??
      element(
        "tr",
        {},
        ...columns.map((column, at) =>
          at === 0
            ? element("th", { scope: "row", class: classOf(column) })
            : element("td", { class: classOf(column) }),
        ),
      );
    for (const [at, column] of columns.entries()) column.draw(line.cells[at]!, row);
    drawn.set(id(row), { line, row, text });
    return line;
  };

  const arrange = (): void => {
    for (const [at, heading] of headings.entries()) {
      if (sorting?.column === at) heading.setAttribute("aria-sort", sorting.isDescending ? "descending" : "ascending");
      else heading.removeAttribute("aria-sort");
    }
    const key = sorting && columns[sorting.column]?.key;
    const sorted = key ? sortedBy(rows, key, sorting?.isDescending === true) : rows;
    const lines = sorted.map(lineOf);
    if (lines.length === body.rows.length && lines.every((line, at) => body.rows[at] === line)) return;
    const focused = document.activeElement;
    body.replaceChildren(...lines);
    // A row that is put elsewhere loses the keyboard's focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement && body.contains(focused))
      focused.focus({ preventScroll: true });
  };

  return {
    show: (next) => {
      rows = next;
      const present = new Set(next.map(id));
      for (const key of drawn.keys()) if (!present.has(key)) drawn.delete(key);
      arrange();
    },
  };
};

/** Rows without a key come last, whichever way they are sorted. */
export const sortedBy = <Row>(
  rows: readonly Row[],
  key: (row: Row) => number | string | null,
  isDescending: boolean,
): readonly Row[] => {
  const keyed = rows.map((row) => ({ row, key: key(row) }));
  const sign = isDescending ? -1 : 1;
  return keyed
    .sort((a, b) => {
      if (a.key === b.key) return 0;
      if (a.key === null) return 1;
      if (b.key === null) return -1;
      return sign * (a.key < b.key ? -1 : 1);
    })
    .map(({ row }) => row);
};

/** A column of texts. */
export const textColumn = <Row>(
  title: string,
  text: (row: Row) => string,
  more: Omit<Column<Row>, "title" | "draw"> = {},
): Column<Row> => ({ title, ...more, draw: (cell, row) => setText(cell, text(row)) });

const classOf = <Row>({ isNumber, isLess }: Column<Row>): string | undefined =>
  [isNumber ? "number" : "", isLess ? "less" : ""].join(" ").trim() || undefined;
