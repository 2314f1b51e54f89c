/** A value in Thrift's compact protocol, with its type there. */
interface Value {
  readonly type: number;
  readonly bytes: readonly number[];
}

const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];

const i32 = (value: number): Value => ({ type: 5, bytes: varint(2 * value) });
const i64 = (value: number): Value => ({ type: 6, bytes: varint(2 * value) });
const text = (value: string): Value => ({ type: 8, bytes: [...varint(value.length), ...Buffer.from(value)] });
const list = (values: readonly Value[]): Value => ({
  type: 9,
  bytes: [(values.length << 4) | values[0]!.type, ...values.flatMap(({ bytes }) => bytes)],
});
const struct = (fields: Readonly<Record<number, Value>>): Value => {
  let last = 0;
  const bytes = Object.entries(fields).flatMap(([id, value]) => {
    const step = Number(id) - last;
    last = Number(id);
    return [(step << 4) | value.type, ...value.bytes];
  });
  return { type: 12, bytes: [...bytes, 0] };
};

const u32 = (value: number): readonly number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

/** A data page of a column `text`, of bytes. */
interface Page {
  readonly bytes: readonly number[];
  readonly values: number;
  /** As parquet numbers encodings. */
  readonly encoding: number;
  readonly isNullable: boolean;
}

const parquetOf = ({ bytes: page, values, encoding, isNullable }: Page): Uint8Array => {
  const header = struct({
    1: i32(0),
    2: i32(page.length),
    3: i32(page.length),
    5: struct({ 1: i32(values), 2: i32(encoding), 3: i32(3), 4: i32(3) }),
  });
  const chunk = [...header.bytes, ...page];
  const column = struct({
    1: i32(6),
    2: list([i32(encoding), i32(3)]),
    3: list([text("text")]),
    4: i32(0),
    5: i64(values),
    6: i64(chunk.length),
    7: i64(chunk.length),
    9: i64(4),
  });
  const schema = struct({ 1: i32(6), 3: i32(isNullable ? 1 : 0), 4: text("text"), 6: i32(0) });
  const metadata = struct({
    1: i32(1),
    2: list([struct({ 4: text("schema"), 5: i32(1) }), schema]),
    3: i64(values),
    4: list([
      struct({
        1: list([struct({ 2: i64(4), 3: column })]),
        2: i64(chunk.length),
        3: i64(values),
      }),
    ]),
  });
  const magic = [...Buffer.from("PAR1")];
  return Uint8Array.from([...magic, ...chunk, ...metadata.bytes, ...u32(metadata.bytes.length), ...magic]);
};

/** One row of a nullable column, the only run of whose definition levels says that it has 2^31 − 1 of them. */
export const parquetThatEndsItsReader = (): Uint8Array => {
  const levels = [...varint(0xfffffffe), 1];
  const bytes = [...u32(levels.length), ...levels, ...u32(1), 0x61];
  return parquetOf({ bytes, values: 1, encoding: 0, isNullable: true });
};

/** Two rows by DELTA_LENGTH_BYTE_ARRAY, whose lengths come in blocks of −1 miniblocks: their reader stays where it is. */
export const parquetThatNeverEnds = (): Uint8Array => {
  const bytes = [...varint(128), ...varint(0xffffffff), ...varint(2), 0, 0];
  return parquetOf({ bytes, values: 2, encoding: 6, isNullable: false });
};
