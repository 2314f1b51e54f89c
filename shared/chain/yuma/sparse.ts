import { divide, type Fixed, multiply, ONE, ZERO } from "./fixed-point.js";

/** One row of a square matrix: the columns that are not zero, and their values. */
export interface Row {
  readonly columns: Uint16Array;
  readonly values: Float64Array;
}
/** Row i belongs to uid i. */
export type Matrix = readonly Row[];

export const rowOf = (entries: readonly (readonly [column: number, value: number])[]): Row => ({
  columns: Uint16Array.from(entries, ([column]) => column),
  values: Float64Array.from(entries, ([, value]) => value),
});

export const entriesOf = ({ columns, values }: Row): readonly (readonly [column: number, value: number])[] =>
  Array.from(columns, (column, at) => [column, values[at]!] as const);

/** Visits every value, row by row. */
const forEach = (matrix: Matrix, visit: (value: Fixed, column: number, row: number) => void): void => {
  for (let i = 0; i < matrix.length; i++) {
    const { columns, values } = matrix[i]!;
    for (let at = 0; at < columns.length; at++) visit(values[at]!, columns[at]!, i);
  }
};

export const mapEntries = (matrix: Matrix, f: (value: Fixed, column: number, row: number) => Fixed): Matrix =>
  matrix.map(({ columns, values }, i) => {
    const mapped = new Float64Array(values.length);
    for (let at = 0; at < columns.length; at++) mapped[at] = f(values[at]!, columns[at]!, i);
    return { columns, values: mapped };
  });

export const filterEntries = (matrix: Matrix, keep: (column: number, row: number) => boolean): Matrix =>
  matrix.map((row, i) => {
    const kept = entriesOf(row).filter(([column]) => keep(column, i));
    return kept.length === row.columns.length ? row : rowOf(kept);
  });

export const rowSums = (matrix: Matrix): readonly Fixed[] => {
  const sums = new Array<Fixed>(matrix.length).fill(ZERO);
  forEach(matrix, (value, _, i) => {
    sums[i]! += value;
  });
  return sums;
};

const columnSums = (matrix: Matrix): readonly Fixed[] => {
  const sums = new Array<Fixed>(matrix.length).fill(ZERO);
  forEach(matrix, (value, j) => {
    sums[j]! += value;
  });
  return sums;
};

/** `vᵀ M`: one value per column. */
export const vectorTimesMatrix = (vector: readonly Fixed[], matrix: Matrix): readonly Fixed[] => {
  const products = new Array<Fixed>(matrix.length).fill(ZERO);
  forEach(matrix, (value, j, i) => {
    products[j]! += multiply(vector[i]!, value);
  });
  return products;
};

/** `M v`: one value per row. */
export const matrixTimesVector = (matrix: Matrix, vector: readonly Fixed[]): readonly Fixed[] => {
  const products = new Array<Fixed>(matrix.length).fill(ZERO);
  forEach(matrix, (value, j, i) => {
    products[i]! += multiply(vector[j]!, value);
  });
  return products;
};

/** The quotient of a value and a total: `divide`, or `share` for integers. A total of zero leaves the values as they are. */
type Quotient = (value: number, total: number) => Fixed;

export const normalizeRows = (matrix: Matrix, quotient: Quotient): Matrix => {
  const totals = rowSums(matrix);
  return mapEntries(matrix, (value, _, i) => (totals[i] === ZERO ? value : quotient(value, totals[i]!)));
};

export const normalizeColumns = (matrix: Matrix, quotient: Quotient = divide): Matrix => {
  const totals = columnSums(matrix);
  return mapEntries(matrix, (value, j) => (totals[j] === ZERO ? value : quotient(value, totals[j]!)));
};

/** Scales each column so that its largest value is one. */
export const maxUpscaleColumns = (matrix: Matrix): Matrix => {
  const largest = new Array<Fixed>(matrix.length).fill(ZERO);
  forEach(matrix, (value, j) => {
    if (value > largest[j]!) largest[j] = value;
  });
  return mapEntries(matrix, (value, j) => (largest[j] === ZERO ? value : divide(value, largest[j]!)));
};

/** `from + ratio · (to − from)`, for two matrices with the same entries. */
export const interpolate = (from: Matrix, to: Matrix, ratio: Fixed): Matrix => {
  if (ratio === ZERO) return from;
  if (ratio === ONE) return to;
  return from.map(({ columns, values }, i) => ({
    columns,
    values: values.map((value, at) => value + multiply(ratio, to[i]!.values[at]! - value)),
  }));
};

/** `α · fresh + (1 − α) · old`, entries above zero only, columns ascending. */
export const movingAverage = (fresh: Matrix, old: Matrix, alpha: Fixed): Matrix => {
  const dense = new Float64Array(fresh.length);
  return fresh.map((row, i) => {
    dense.fill(ZERO);
    forEach([row], (value, j) => {
      dense[j]! += multiply(alpha, value);
    });
    forEach([old[i]!], (value, j) => {
      dense[j]! += multiply(ONE - alpha, value);
    });
    const columns: number[] = [];
    for (let j = 0; j < dense.length; j++) if (dense[j]! > ZERO) columns.push(j);
    return { columns: Uint16Array.from(columns), values: Float64Array.from(columns, (j) => dense[j]!) };
  });
};
