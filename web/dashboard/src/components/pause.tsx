// Pauses what is open, resumes what is paused.
import type { ComponentChildren } from "preact";
import { Action } from "./action";

export function PauseAction({
  what,
  name,
  paused,
  explain,
  resume,
  send,
  done,
}: {
  what: string; // "the topic"
  name: string; // "order-events"
  paused: boolean;
  explain: ComponentChildren; // what a pause does
  resume: ComponentChildren;
  send: (action: "pause" | "resume") => Promise<unknown>;
  done?: () => void;
}) {
  const verb = paused ? "Resume" : "Pause";
  return (
    <Action
      label={
        <>
          {verb} <span class="hidden-visually">{name}</span>
        </>
      }
      compact
      primary={paused}
      title={`${verb} ${name}?`}
      explain={() => (paused ? resume : explain)}
      confirmLabel={() => `${verb} ${what}`}
      run={async () => {
        await send(paused ? "resume" : "pause");
        return paused ? `${name} goes on.` : `${name} is paused.`;
      }}
      done={done}
    />
  );
}
