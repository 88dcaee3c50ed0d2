// The columns that every list of messages has.
import type { MessageSummary } from "../api";
import { bytes, UNKNOWN } from "../lib/format";
import { Badge, KeyLink, MessageLink, Time } from "./bits";
import type { Column } from "./table";

export const seqColumn: Column<MessageSummary> = {
  name: "seq",
  header: "Number",
  cell: (message) => <MessageLink seq={message.seq} />,
};

export const statusColumn: Column<MessageSummary> = {
  name: "status",
  header: "Status",
  cell: (message) => <Badge status={message.status} />,
};

export const keyColumn: Column<MessageSummary> = {
  name: "key",
  header: "Key",
  class: "key",
  cell: (message) => <KeyLink message={message} />,
};

export const typeColumn: Column<MessageSummary> = {
  name: "type",
  header: "Type",
  class: "wrap",
  cell: (message) => message.type,
};

export const createdColumn: Column<MessageSummary> = {
  name: "created",
  header: "Written",
  cell: (message) => <Time at={message.createdAt} />,
};

export const placeColumn: Column<MessageSummary> = {
  name: "place",
  header: "Topic, partition, offset",
  class: "wrap",
  cell: (message) =>
    message.topic === null ? (
      <span class="muted">{UNKNOWN}</span>
    ) : (
      <>
        {message.topic}
        {message.partition !== null && (
          <span class="number muted">
            {" "}
            [{message.partition}] {message.offset}
          </span>
        )}
      </>
    ),
};

export const sizeColumn: Column<MessageSummary> = {
  name: "size",
  header: "Size",
  end: true,
  cell: (message) => bytes(message.payloadBytes),
};

export const attemptsColumn: Column<MessageSummary> = {
  name: "attempts",
  header: "Attempts",
  end: true,
  cell: (message) => message.attempts || "",
};

export const errorColumn: Column<MessageSummary> = {
  name: "error",
  header: "Last error",
  cell: (message) =>
    message.lastError ? (
      <div class="error" title={message.lastError}>
        {message.lastError}
      </div>
    ) : null,
};
