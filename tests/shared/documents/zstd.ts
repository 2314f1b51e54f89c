/** A line of Latin, compressed by zstd 1.5 at level 19, with a checksum. */
export const LATIN_ZSTD = Buffer.from("KLUv/QRogQAAcXVvdXNxdWUgdGFuZGVtCi7TJw8=", "base64");
