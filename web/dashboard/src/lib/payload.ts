// A message's payload as bytes, as a hex dump, and as commands for a shell.
import type { Message, Payload } from "../api_types";

export function payloadBytes(payload: Payload): Uint8Array {
  if (payload.encoding !== "base64") return new TextEncoder().encode(payload.content);
  const binary = atob(payload.content);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

const HEX_LIMIT = 16 * 1024;

// Offset, sixteen bytes, what of them is printable.
export function hexDump(data: Uint8Array): string {
  const lines: string[] = [];
  const end = Math.min(data.length, HEX_LIMIT);
  for (let at = 0; at < end; at += 16) {
    const row = [...data.subarray(at, Math.min(at + 16, end))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const left = hex.slice(0, 8).join(" ");
    const right = hex.slice(8).join(" ");
    const text = row
      .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."))
      .join("");
    lines.push(
      `${at.toString(16).padStart(8, "0")}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${text}`,
    );
  }
  if (data.length > end) lines.push(`… ${data.length - end} more bytes`);
  return lines.join("\n");
}

export const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

// Reads the record from its place in Kafka; without a place, looks for the id in the topic's end.
export function kcatCommand(message: Message): string {
  const place = message.receipts.at(-1);
  if (place) {
    return (
      `kcat -b "$KAFKA_BROKERS" -C -t ${shellQuote(place.topic)} -p ${place.partition} ` +
      `-o ${place.offset} -c 1 -f '%k\\n%h\\n%s\\n'`
    );
  }
  const topic = shellQuote(message.topic ?? `outbox.event.${message.aggregateType}`);
  return `kcat -b "$KAFKA_BROKERS" -C -t ${topic} -o -1000 -e -f '%k %h %s\\n' | grep ${shellQuote(message.id)}`;
}

export function curlCommand(message: Message, origin: string): string {
  return (
    `curl -s -H "Authorization: Bearer $OUTBOX_TOKEN" ` +
    shellQuote(`${origin}/api/v1/messages/${encodeURIComponent(message.seq)}`)
  );
}
