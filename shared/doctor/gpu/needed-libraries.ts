import { type FileHandle, open } from "node:fs/promises";

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const DYNAMIC_ENTRY_BYTES = 16;
/** Above those of any library. */
const MAX_PROGRAM_HEADERS = 256;
const MAX_DYNAMIC_BYTES = 1 << 20;
const MAX_NAME_BYTES = 256;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/**
 * The libraries that a shared library is linked to, by their sonames: `DT_NEEDED` of its dynamic section, as `readelf -d` prints it. Null for what is
 * no 64-bit little-endian ELF file, or cannot be read.
 */
export const neededLibraries = async (path: string): Promise<readonly string[] | null> => {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return null;
  try {
    return await needed(file);
  } catch {
    return null;
  } finally {
    await file.close();
  }
};

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const needed = async (file: FileHandle): Promise<readonly string[] | null> => {
  const header = await read(file, 0, HEADER_BYTES);
  if (header.toString("latin1", 0, 6) !== "\u007fELF\u0002\u0001") return null;
  const count = header.readUInt16LE(56);
  if (count > MAX_PROGRAM_HEADERS) return null;
  const table = await read(file, Number(header.readBigUInt64LE(32)), count * PROGRAM_HEADER_BYTES);
  const segments = Array.from({ length: count }, (_, i): Segment => {
    const at = i * PROGRAM_HEADER_BYTES;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: Number(table.readBigUInt64LE(at + 16)),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined || dynamic.size > MAX_DYNAMIC_BYTES) return null;
  const entries = await read(file, dynamic.offset, dynamic.size);
  const names: number[] = [];
  let strings: number | undefined;
  for (let at = 0; at + DYNAMIC_ENTRY_BYTES <= entries.length; at += DYNAMIC_ENTRY_BYTES) {
    const tag = Number(entries.readBigInt64LE(at));
    const value = Number(entries.readBigUInt64LE(at + 8));
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) strings = value;
  }
  const holder = segments.find(
    ({ type, address, size }) =>
      type === PT_LOAD && strings !== undefined && strings >= address && strings < address + size,
  );
  if (holder === undefined) return null;
  const base = holder.offset + strings! - holder.address;
  return Promise.all(names.map((name) => textAt(file, base + name)));
};

const textAt = async (file: FileHandle, position: number): Promise<string> => {
  const buffer = Buffer.alloc(MAX_NAME_BYTES);
  const { bytesRead } = await file.read(buffer, 0, MAX_NAME_BYTES, position);
  const end = buffer.subarray(0, bytesRead).indexOf(0);
  return buffer.toString("latin1", 0, end === -1 ? bytesRead : end);
};

const read = async (file: FileHandle, position: number, length: number): Promise<Buffer> => {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead < length) throw new RangeError("the file is shorter than it says");
  return buffer;
};
