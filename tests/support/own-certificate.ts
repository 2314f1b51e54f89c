import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate that nobody vouches for, and its key, as PEM. */
export interface OwnCertificate {
  readonly key: string;
  readonly cert: string;
}

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};

const SEQUENCE = 0x30;
const ED25519 = der(SEQUENCE, der(0x06, Buffer.from("2b6570", "hex")));
const commonName = (name: string): Buffer =>
  der(SEQUENCE, der(0x31, der(SEQUENCE, der(0x06, Buffer.from("550403", "hex")), der(0x0c, Buffer.from(name)))));
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text));

/** Signs itself (X.509 v1, RFC 5280), unless named for another host than anybody asks for. */
export const ownCertificate = (host = "nobody.invalid"): OwnCertificate => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const name = commonName(host);
  const body = der(
    SEQUENCE,
    der(0x02, Buffer.from([1])),
    ED25519,
    name,
    der(SEQUENCE, utcTime("200101000000Z"), utcTime("491231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = der(0x03, Buffer.from([0]), sign(null, body, privateKey));
  const text = der(SEQUENCE, body, ED25519, signature).toString("base64");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
  };
};
