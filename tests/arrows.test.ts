import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { drawRooms, ROOMS, roomOf } from "./rooms.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Import {
  readonly from: string;
  readonly line: number;
  readonly to: string;
  readonly isType: boolean;
}

const IMPORT =
  /(?:^|\n)(?:import|export) (type )?([^;"]*?)\s*from "([#.][^"]+)"|import\("([#.][^"]+)"\)|(?:^|\n)import "([#.][^"]+)"/g;

const importsOf = (file: string): readonly Import[] => {
  const source = readFileSync(join(root, file), "utf8");
  return [...source.matchAll(IMPORT)].map(({ 0: text, 1: type, 2: names, 3: named, 4: dynamic, 5: bare, index }) => {
    const module = (named ?? dynamic ?? bare)!;
    const path = module.startsWith("#") ? module.slice(1) : normalize(join(dirname(file), module));
    return {
      from: file,
      line: source.slice(0, index + text.length).split("\n").length,
      to: path.replace(/\.js$/, ".ts").replaceAll("\\", "/"),
      isType: type !== undefined || /^\{\s*(type [^,}]+,?\s*)+\}$/.test(names ?? ""),
    };
  });
};

// The page of the reward simulator runs in a browser and has a build of its own.
const files = [...new Set(ROOMS.map(({ room }) => room.split("/")[0]!))].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
    .map((path) => join(top, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !path.includes("/page/")),
);
const imports = files.flatMap(importsOf);
const crossing = imports.filter(({ from, to }) => roomOf(from) !== roomOf(to));

/** The files that import themselves through others. */
const circles = (of: readonly Import[]): readonly string[] => {
  const next = new Map<string, string[]>();
  for (const { from, to } of of) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = (start: string): ReadonlySet<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop())
      for (const to of next.get(file) ?? []) {
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    return seen;
  };
  return [...next.keys()].filter((file) => reached(file).has(file));
};

const page = readFileSync(join(root, "docs", "architecture.md"), "utf8");

describe("the house", () => {
  it("has every file in a room of the table", () => {
    const rooms = new Set(ROOMS.map(({ room }) => room));
    assert.deepEqual(
      files.filter((file) => !rooms.has(roomOf(file))),
      [],
    );
  });

  it("has a table in which a room imports only rooms above it, so that there is no circle of rooms", () => {
    const above = new Set<string>();
    for (const { room, imports: may } of ROOMS) {
      for (const other of may) assert.ok(above.has(other), `${room} may import ${other}, which stands below it`);
      above.add(room);
    }
  });

  it("has no import that the table does not allow", () => {
    const allowed = new Set(ROOMS.flatMap(({ room, imports: may }) => may.map((other) => `${room} → ${other}`)));
    const forbidden = crossing
      .filter(({ from, to }) => !allowed.has(`${roomOf(from)} → ${roomOf(to)}`))
      .map(({ from, line, to }) => `${from}:${line} imports ${to}: ${roomOf(from)} may not import ${roomOf(to)}`);
    assert.deepEqual(forbidden, []);
  });

  it("has no arrow in the table that nothing uses", () => {
    const used = new Set(crossing.map(({ from, to }) => `${roomOf(from)} → ${roomOf(to)}`));
    const unused = ROOMS.flatMap(({ room, imports: may }) => may.map((other) => `${room} → ${other}`)).filter(
      (arrow) => !used.has(arrow),
    );
    assert.deepEqual(unused, []);
  });

  // Operators are each other's gradients: a sum's is an expansion, an expansion's a sum.
  it("has no circle of files, but of operators", () => {
    const values = imports.filter(({ isType, from }) => !isType && !from.startsWith("shared/engine/ops/"));
    assert.deepEqual(circles(values), []);
  });

  it("is drawn at the head of docs/architecture.md in lines that import nothing above them, and roles not each other", () => {
    const lines = page.split("```")[1]!.trim().split("\n");
    const top = lines.indexOf("shared/");
    const lineOf = new Map(
      lines.flatMap((line, y) => {
        const [names = ""] = line.trim().split(/ {3,}/);
        return y === top ? [] : names.split("  ").map((name) => [y < top ? name : `shared/${name}`, y] as const);
      }),
    );
    const rooms = new Set(ROOMS.map(({ room }) => room));
    assert.deepEqual(
      [...lineOf.keys()].filter((name) => !rooms.has(name)),
      [],
    );
    const roles = lineOf.get("miner")!;
    const untrue = ROOMS.flatMap(({ room, imports: may }) => may.map((other) => [room, other] as const)).filter(
      ([room, other]) => {
        const [from, to] = [lineOf.get(room), lineOf.get(other)];
        return from !== undefined && to !== undefined && (to < from || (to === from && from === roles));
      },
    );
    assert.deepEqual(untrue, []);
  });

  it("is listed in docs/architecture.md", () => {
    assert.ok(page.includes(drawRooms()), "the table of rooms differs: npm run docs");
  });
});
