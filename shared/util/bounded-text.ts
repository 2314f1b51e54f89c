/** The body of an answer as UTF-8. Reads no further than `most` bytes. @throws Error where there are more */
export const boundedText = async (response: Response, most: number): Promise<string> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > most) throw new Error(`it answers with more than ${most} bytes`);
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
};
