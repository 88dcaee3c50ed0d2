// JSON as a tree that opens and closes, with numbers as they were written.
import { useState } from "preact/hooks";
import { plural } from "../lib/format";
import type { JsonNode } from "../lib/json_tree";

const AT_ONCE = 100;
const OPEN_DEPTH = 3;

export function JsonView({ node }: { node: JsonNode }) {
  return (
    <div class="json">
      <Node node={node} depth={0} />
    </div>
  );
}

function Node({ node, name, depth }: { node: JsonNode; name?: string; depth: number }) {
  const label = name === undefined ? null : <span class="name">{name}: </span>;
  switch (node.kind) {
    case "object":
    case "array": {
      const children: [string, JsonNode][] =
        node.kind === "object" ? node.entries : node.items.map((item, at) => [String(at), item]);
      const what = plural(children.length, node.kind === "object" ? "member" : "element");
      const braces = node.kind === "object" ? "{ }" : "[ ]";
      return (
        <details open={depth < OPEN_DEPTH}>
          <summary>
            {label}
            <span class="muted">
              {braces} {what}
            </span>
          </summary>
          <Children nodes={children} depth={depth + 1} />
        </details>
      );
    }
    case "string":
      return (
        <div>
          {label}
          <span class="string">{JSON.stringify(node.value)}</span>
        </div>
      );
    case "number":
      return (
        <div>
          {label}
          <span class="number-value">{node.text}</span>
        </div>
      );
    case "literal":
      return (
        <div>
          {label}
          <span class="literal">{node.text}</span>
        </div>
      );
  }
}

function Children({ nodes, depth }: { nodes: [string, JsonNode][]; depth: number }) {
  const [shown, setShown] = useState(AT_ONCE);
  return (
    <ul>
      {nodes.slice(0, shown).map(([name, node], at) => (
        <li key={at}>
          <Node node={node} name={name} depth={depth} />
        </li>
      ))}
      {nodes.length > shown && (
        <li>
          <button class="button compact" type="button" onClick={() => setShown(shown + AT_ONCE)}>
            Show more of {nodes.length}
          </button>
        </li>
      )}
    </ul>
  );
}
