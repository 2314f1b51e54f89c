import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { signDocument } from "#shared/protocol/signing.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { readNote } from "#upkeep/release/read-note.js";
import { compareVersions, parseReleaseNote, publisherKey } from "#upkeep/release/release-note.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { coded } from "../support/coded.js";

const body = {
  kind: "blockzero/release/1",
  version: "0.2.0",
  published: "2026-11-28T00:00:00Z",
  summary: "Faster.",
  protocol: "same",
} as const;

describe("a release note", () => {
  it("counts with its publisher's signature alone", async () => {
    const [publisher, other] = [await signerFromUri("//Publisher"), await signerFromUri("//Other")];
    const text = JSON.stringify(await signDocument(body, publisher));
    assert.equal(parseReleaseNote(text, publisher.address, verify).version, "0.2.0");
    assert.throws(
      () => parseReleaseNote(text, other.address, verify),
      coded("RELEASE_NOTE_INVALID", /is not signed by/),
    );
    const altered = text.replace("Faster.", "Send me your keys.");
    assert.throws(() => parseReleaseNote(altered, publisher.address, verify), coded("RELEASE_NOTE_INVALID"));
    for (const none of ["", "{}", "[]", "null", text.replace("0.2.0", "latest")])
      assert.throws(
        () => parseReleaseNote(none, publisher.address, verify),
        coded("RELEASE_NOTE_INVALID", /^this is no/),
      );
    assert.throws(() => publisherKey("not a key"), coded("RELEASE_KEY_INVALID"));
  });

  it("is compared by numbers, a release after its candidates", () => {
    const candidates = ["alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1"];
    const ascending = ["0.1.0", "0.9.9", "0.10.0", ...candidates.map((each) => `1.0.0-${each}`), "1.0.0", "1.0.1-rc.1"];
    for (const [i, older] of ascending.entries())
      for (const [j, newer] of ascending.entries())
        assert.equal(Math.sign(compareVersions(older, newer)), Math.sign(i - j), `${older} ${newer}`);
  });

  it("is read from a file or an address, and no further than a note is long", async (t) => {
    const file = join(temporaryFolder(t), "note.json");
    writeFileSync(file, "a note");
    assert.equal(await readNote(file), "a note");
    writeFileSync(file, "x".repeat(70_000));
    await assert.rejects(readNote(file), coded("FILE_TOO_LARGE"));
    const server = createServer(({ url }, response) => {
      if (url === "/note") response.end("a note");
      else if (url === "/elsewhere") response.writeHead(302, { location: "/note" }).end();
      else if (url === "/long") response.end("x".repeat(70_000));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const at = (path: string) => readNote(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    assert.equal(await at("/note"), "a note");
    for (const path of ["/elsewhere", "/long", "/missing"])
      await assert.rejects(at(path), coded("RELEASE_NOTE_UNREACHABLE"), path);
  });

  it("is followed through few redirects, to https alone", async () => {
    const asked: string[] = [];
    const leading = (places: readonly string[]) => {
      asked.length = 0;
      return async (url: string) => {
        asked.push(url);
        const location = places[asked.length - 1];
        return location === undefined
          ? new Response("a note")
          : new Response(null, { status: 302, headers: { location } });
      };
    };
    const read = (...places: readonly string[]) => readNote("https://a.example/latest", { ask: leading(places) });
    assert.equal(await read("/0.2.0", "https://b.example/note"), "a note");
    assert.deepEqual(asked, ["https://a.example/latest", "https://a.example/0.2.0", "https://b.example/note"]);
    for (const place of ["http://a.example/note", "file:///etc/passwd", "//", "http:"])
      await assert.rejects(
        read(place),
        coded("RELEASE_NOTE_UNREACHABLE", /it redirects to .+, which is no https address/),
      );
    assert.equal(await read(..."12345"), "a note");
    await assert.rejects(read(..."123456"), coded("RELEASE_NOTE_UNREACHABLE", /it redirects more than 5 times/));
    assert.equal(asked.length, 6);
  });
});
