/** Whether the text is a pulse in JSON: a compressed point of G1, 96 lower-case hex digits. The curve is not checked. */
export const isPulse = (text: string): boolean => /^[0-9a-f]{96}$/.test(text);

/** A pulse in records: base64url without padding, 64 characters. */
export const encodePulse = (pulse: string): string => Buffer.from(pulse, "hex").toString("base64url");

/** Parses the form of `encodePulse`. Null for any other text. */
export const decodePulse = (text: string): string | null =>
  /^[A-Za-z0-9_-]{64}$/.test(text) ? Buffer.from(text, "base64url").toString("hex") : null;
