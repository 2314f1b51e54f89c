/** An element of the page. @throws Error where the page has none of that id */
export const byId = <T extends Element = HTMLElement>(id: string): T => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as Element as T;
};

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string;

/** An element with attributes and children; texts stay texts. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => withParts(document.createElement(name), attributes, children);

/** The same for a picture's parts. */
export const shape = <K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] =>
  withParts(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const withParts = <T extends Element>(made: T, attributes: Attributes, children: readonly Child[]): T => {
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  made.append(...children);
  return made;
};

/** Sets a text where it differs, so that nothing is laid out or read out twice. */
export const setText = (node: Node, text: string): void => {
  if (node.textContent !== text) node.textContent = text;
};
