import { add, divide, type Fixed, larger, multiply, ONE, ZERO } from "./fixed.js";

/** One row of a square matrix: [column, value] pairs; absent means zero. */
export type Row = readonly (readonly [column: number, value: Fixed])[];
/** Row i belongs to uid i. */
export type Matrix = readonly Row[];

export const mapEntries = (matrix: Matrix, f: (value: Fixed, column: number, row: number) => Fixed): Matrix =>
  matrix.map((row, i) => row.map(([j, value]) => [j, f(value, j, i)]));

export const filterEntries = (matrix: Matrix, keep: (column: number, row: number) => boolean): Matrix =>
  matrix.map((row, i) => row.filter(([j]) => keep(j, i)));

const foldColumns = (matrix: Matrix, f: (total: Fixed, value: Fixed, row: number) => Fixed): Fixed[] => {
  const columns = new Array<Fixed>(matrix.length).fill(ZERO);
  matrix.forEach((row, i) => {
    for (const [j, value] of row) columns[j] = f(columns[j]!, value, i);
  });
  return columns;
};

export const rowSums = (matrix: Matrix): readonly Fixed[] =>
  matrix.map((row) => row.reduce((total, [, value]) => add(total, value), ZERO));

/** `vᵀ M`: one value a column. */
export const vectorTimesMatrix = (vector: readonly Fixed[], matrix: Matrix): readonly Fixed[] =>
  foldColumns(matrix, (total, value, i) => add(total, multiply(vector[i]!, value)));

/** `M v`: one value a row. */
export const matrixTimesVector = (matrix: Matrix, vector: readonly Fixed[]): readonly Fixed[] =>
  matrix.map((row) => row.reduce((total, [j, value]) => add(total, multiply(vector[j]!, value)), ZERO));

export const normalizeRows = (matrix: Matrix): Matrix => {
  const totals = rowSums(matrix);
  return mapEntries(matrix, (value, _, i) => (totals[i] === ZERO ? value : divide(value, totals[i]!)));
};

export const normalizeColumns = (matrix: Matrix): Matrix => {
  const totals = foldColumns(matrix, add);
  return mapEntries(matrix, (value, j) => (totals[j] === ZERO ? value : divide(value, totals[j]!)));
};

/** Scales each column so that its largest value is one. */
export const maxUpscaleColumns = (matrix: Matrix): Matrix => {
  const largest = foldColumns(matrix, larger);
  return mapEntries(matrix, (value, j) => (largest[j] === ZERO ? value : divide(value, largest[j]!)));
};

/** `from + ratio · (to − from)`, for two matrices with the same entries. */
export const interpolate = (from: Matrix, to: Matrix, ratio: Fixed): Matrix => {
  if (ratio === ZERO) return from;
  if (ratio === ONE) return to;
  return from.map((row, i) =>
    row.map(([j, value], at) => [j, add(value, multiply(ratio, to[i]![at]![1] - value))] as const),
  );
};

/** `α · fresh + (1 − α) · old`, entries above zero only. */
export const movingAverage = (fresh: Matrix, old: Matrix, alpha: Fixed): Matrix =>
  fresh.map((row, i) => {
    const dense = new Map<number, Fixed>();
    for (const [j, value] of row) dense.set(j, add(dense.get(j) ?? ZERO, multiply(alpha, value)));
    for (const [j, value] of old[i]!) dense.set(j, add(dense.get(j) ?? ZERO, multiply(ONE - alpha, value)));
    return [...dense].filter(([, value]) => value > ZERO).sort(([a], [b]) => a - b);
  });
