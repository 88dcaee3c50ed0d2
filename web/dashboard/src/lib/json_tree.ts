// Reads JSON and keeps what JSON.parse loses: numbers as they are written (64-bit ids), the order of
// names, repeated names. Bounded in depth, so that no payload can exhaust the stack.

export type JsonNode =
  | { kind: "object"; entries: [string, JsonNode][] }
  | { kind: "array"; items: JsonNode[] }
  | { kind: "string"; value: string }
  | { kind: "number"; text: string }
  | { kind: "literal"; text: "true" | "false" | "null" };

const MAX_DEPTH = 200;

// The tree, or null when the text is not JSON or too deep.
export function parseTree(text: string): JsonNode | null {
  try {
    const reader = new Reader(text);
    const node = reader.value(0);
    reader.end();
    return node;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new SyntaxError("too deep");
    this.space();
    const next = this.text[this.at];
    if (next === "{") return this.object(depth);
    if (next === "[") return this.array(depth);
    if (next === '"') return { kind: "string", value: this.string() };
    const number = this.take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== null) return { kind: "number", text: number };
    const literal = this.take(/true|false|null/y);
    if (literal === null) throw new SyntaxError(`nothing that JSON has at ${this.at}`);
    return { kind: "literal", text: literal as "true" | "false" | "null" };
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) throw new SyntaxError(`more than one value, at ${this.at}`);
  }

  private object(depth: number): JsonNode {
    const entries: [string, JsonNode][] = [];
    this.list("{", "}", () => {
      this.space();
      const name = this.string();
      this.space();
      this.expect(":");
      entries.push([name, this.value(depth + 1)]);
    });
    return { kind: "object", entries };
  }

  private array(depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.list("[", "]", () => items.push(this.value(depth + 1)));
    return { kind: "array", items };
  }

  private list(open: string, close: string, element: () => void): void {
    this.expect(open);
    this.space();
    if (this.text[this.at] === close) {
      this.at += 1;
      return;
    }
    for (;;) {
      element();
      this.space();
      if (this.text[this.at] === close) break;
      this.expect(",");
    }
    this.at += 1;
  }

  private string(): string {
    const quoted = this.take(/"(?:[^"\\]|\\.)*"/y);
    if (quoted === null) throw new SyntaxError(`no string at ${this.at}`);
    return JSON.parse(quoted) as string;
  }

  private space(): void {
    this.take(/[ \t\r\n]*/y);
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) throw new SyntaxError(`no ${character} at ${this.at}`);
    this.at += 1;
  }

  private take(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return found;
  }
}

// Two blanks a level; numbers as they came.
export function pretty(node: JsonNode, indent = ""): string {
  const deeper = `${indent}  `;
  switch (node.kind) {
    case "object":
      if (node.entries.length === 0) return "{}";
      return `{\n${node.entries
        .map(([name, value]) => `${deeper}${JSON.stringify(name)}: ${pretty(value, deeper)}`)
        .join(",\n")}\n${indent}}`;
    case "array":
      if (node.items.length === 0) return "[]";
      return `[\n${node.items.map((item) => deeper + pretty(item, deeper)).join(",\n")}\n${indent}]`;
    case "string":
      return JSON.stringify(node.value);
    default:
      return node.text;
  }
}
